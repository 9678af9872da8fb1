package auth

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

func TestAWishThatCannotBeMeantIsRefusedByItsField(t *testing.T) {
	h := newHouse(t)
	g := h.guard()
	good := func(change func(w *Wish)) Wish {
		w := ci()
		change(&w)
		return w
	}
	for field, wishes := range map[string][]Wish{
		"name": {
			good(func(w *Wish) { w.Name = "" }), good(func(w *Wish) { w.Name = " ci" }), good(func(w *Wish) { w.Name = "a\nb" }),
			good(func(w *Wish) { w.Name = strings.Repeat("é", mostName+1) }), good(func(w *Wish) { w.Name = "\xff" }),
			good(func(w *Wish) { w.Name = "local" }), good(func(w *Wish) { w.Name = "Bootstrap" }), good(func(w *Wish) { w.Name = "plimsoll" }),
			good(func(w *Wish) { w.Name = "p-0123456789" }), good(func(w *Wish) { w.Name = "plm_aaaaaaaa_b" }),
		},
		"role": {good(func(w *Wish) { w.Role = "" }), good(func(w *Wish) { w.Role = "root" })},
		"kind": {good(func(w *Wish) { w.Kind = "robot" }), good(func(w *Wish) { w.Kind = plimsoll.ActorLocal })},
		"team": {
			good(func(w *Wish) { w.Team, w.Role = "shop", plimsoll.RoleAdmin }), good(func(w *Wish) { w.Team, w.Role = "shop", plimsoll.RoleViewer }),
			good(func(w *Wish) { w.Team = " shop" }),
		},
		"ingest_only": {good(func(w *Wish) { w.IngestOnly, w.Role = true, plimsoll.RoleAdmin }), good(func(w *Wish) { w.IngestOnly, w.Role = true, plimsoll.RoleViewer })},
		"expires": {
			good(func(w *Wish) { w.ExpiresAt = plimsoll.TimeOf(start) }), good(func(w *Wish) { w.ExpiresAt = plimsoll.TimeOf(start.AddDate(11, 0, 0)) }),
		},
	} {
		for _, w := range wishes {
			_, text, err := g.Create(t.Context(), w, admin)
			e, ok := err.(*plimsoll.Error)
			if !ok || e.Code != plimsoll.CodeInvalid || e.Field != field || text != "" {
				t.Errorf("%+v: %v; want an error about %s", w, err, field)
			}
		}
	}
	if list, err := g.List(t.Context(), true); err != nil || len(list) != 0 {
		t.Errorf("what was refused is kept: %+v, %v", list, err)
	}
}

func TestOfTwoLiveTokensNoneHasTheNameOfTheOther(t *testing.T) {
	h := newHouse(t)
	g := h.guard()
	made, _ := h.create(g, ci())
	if _, _, err := g.Create(t.Context(), ci(), admin); plimsoll.ErrorCode(err) != plimsoll.CodeConflict || !strings.Contains(err.Error(), made.ID) {
		t.Errorf("the same name again: %v", err)
	}
	ended, err := g.Revoke(t.Context(), made.ID, admin)
	if err != nil || ended.RevokedBy != "Ada" || !ended.RevokedAt.Known() {
		t.Errorf("%+v, %v", ended, err)
	}
	if _, err := g.Revoke(t.Context(), made.ID, admin); plimsoll.ErrorCode(err) != plimsoll.CodeConflict {
		t.Errorf("revoked again: %v", err)
	}
	if _, err := g.Revoke(t.Context(), "aaaaaaaa", admin); plimsoll.ErrorCode(err) != plimsoll.CodeNotFound {
		t.Errorf("unknown: %v", err)
	}
	h.create(g, ci())
	for ended, want := range map[bool]int{false: 1, true: 2} {
		if list, err := g.List(t.Context(), ended); err != nil || len(list) != want {
			t.Errorf("ended %v: %+v, %v", ended, list, err)
		}
	}
}

func TestARotatedTokenIsLikeTheOneBefore(t *testing.T) {
	h := newHouse(t)
	g := h.guard()
	w := Wish{Name: "Ada", Role: plimsoll.RoleReleaseManager, Kind: plimsoll.ActorPerson, Team: "shop", ExpiresAt: plimsoll.TimeOf(start.Add(10 * 24 * time.Hour))}
	first, text := h.create(g, w)
	h.time.forward(24 * time.Hour)
	second, next, err := g.Rotate(t.Context(), first.ID, time.Hour, admin)
	if err != nil {
		t.Fatal(err)
	}
	like := second
	like.ID, like.CreatedAt, like.ExpiresAt = first.ID, first.CreatedAt, first.ExpiresAt
	if like != first || second.ExpiresAt != plimsoll.TimeOf(start.Add(11*24*time.Hour)) {
		t.Errorf("%+v is not like %+v", second, first)
	}
	holds(t, g, text, true)
	holds(t, g, next, true)
	h.time.forward(time.Hour)
	holds(t, g, text, false)
	holds(t, g, next, true)
	if _, _, err := g.Rotate(t.Context(), first.ID, 0, admin); plimsoll.ErrorCode(err) != plimsoll.CodeConflict {
		t.Errorf("one that has ended: %v", err)
	}
	if _, _, err := g.Rotate(t.Context(), second.ID, -1, admin); plimsoll.ErrorCode(err) != plimsoll.CodeInvalid {
		t.Errorf("a negative time: %v", err)
	}
	_, last, err := g.Rotate(t.Context(), second.ID, 0, admin)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, g, next, false)
	holds(t, g, last, true)
}

func TestTokensAreBoundedAndEndedOnesMakeRoom(t *testing.T) {
	h := newHouse(t)
	g := h.guard()
	err := h.org.Update(t.Context(), func(tx *store.Tx) error {
		for i := range Most {
			x := store.Token{ID: fmt.Sprintf("%08d", i), Name: fmt.Sprint(i), Hash: []byte{1}, Kind: plimsoll.ActorService, Role: plimsoll.RoleViewer, CreatedAt: plimsoll.Time(i + 1)}
			if i == 7 {
				x.ExpiresAt = plimsoll.TimeOf(start)
			}
			if _, err := tx.AddToken(x); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	_, text := h.create(g, ci())
	holds(t, g, text, true)
	if _, _, err := g.Create(t.Context(), Wish{Name: "one more", Role: plimsoll.RoleViewer}, admin); plimsoll.ErrorCode(err) != plimsoll.CodeConflict {
		t.Errorf("one too many: %v", err)
	}
	list, err := g.List(t.Context(), true)
	if err != nil || len(list) != Most {
		t.Errorf("%d tokens, %v", len(list), err)
	}
	for _, x := range list {
		if x.ID == "00000007" {
			t.Error("the one that had ended is still there")
		}
	}
}
