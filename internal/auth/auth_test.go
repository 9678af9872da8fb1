package auth

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

var start = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// clock is a clock that a test sets.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// house is a store with its clock and log; a guard of it is one process.
type house struct {
	t    *testing.T
	dir  string
	db   *store.DB
	org  *store.Org
	time clock
	log  bytes.Buffer
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir(), time: clock{t: start}}
	var err error
	if h.db, err = store.Open(t.Context(), store.Options{Dir: h.dir, Now: h.time.now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.db.Close(); err != nil {
			t.Error(err)
		}
	})
	if h.org, err = h.db.Org(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) guard() *Guard {
	g := New(h.org, Options{Now: h.time.now, Log: slog.New(slog.NewTextHandler(&h.log, nil))})
	g.mono = h.time.now
	return g
}

var admin = plimsoll.Actor{Kind: plimsoll.ActorPerson, Name: "Ada", Role: plimsoll.RoleAdmin}

func (h *house) create(g *Guard, w Wish) (Token, string) {
	h.t.Helper()
	t, text, err := g.Create(h.t.Context(), w, admin)
	if err != nil {
		h.t.Fatal(err)
	}
	return t, text
}

func ci() Wish { return Wish{Name: "ci", Role: plimsoll.RoleDeployer} }

// holds wants a token to be recognised, or refused.
func holds(t *testing.T, g *Guard, text string, want bool) {
	t.Helper()
	a, err := g.Identify(t.Context(), text)
	if (err == nil) != want || err != nil && err != errRefused {
		t.Errorf("recognised as %+v, error %v; want good: %v", a, err, want)
	}
}

func TestATokenIsRecognisedByWhoHoldsIt(t *testing.T) {
	h := newHouse(t)
	g := h.guard()
	made, text := h.create(g, Wish{Name: "ci", Role: "release-manager", Team: "shop", Kind: plimsoll.ActorPerson})
	if Pattern.FindString("token="+text+";") != text {
		t.Errorf("%d characters do not match %s", len(text), Pattern)
	}
	got, err := g.Identify(t.Context(), text)
	want := plimsoll.Actor{Kind: plimsoll.ActorPerson, Name: "ci", Token: made.ID, Role: plimsoll.RoleReleaseManager, Team: "shop"}
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	another, other := h.create(g, Wish{Name: "hooks", IngestOnly: true})
	if got, err := g.Identify(t.Context(), other); err != nil || !got.IngestOnly || got.Role != plimsoll.RoleDeployer || got.Kind != plimsoll.ActorService {
		t.Errorf("%+v, %v", got, err)
	}
	id, secret := split(text)
	_, theirs := split(other)
	hash := sha256.Sum256([]byte(secret))
	for _, wrong := range []string{
		"", "plm_", "plm__", "plm_" + id, "plm_" + id + "_", "plm_" + id + "_" + secret[1:], "plm_" + id + "_" + secret + "a",
		"plm_" + id + "_" + theirs, "plm_" + another.ID + "_" + secret, "plm_aaaaaaaa_" + secret, "plm__" + secret, secret,
		strings.ToUpper(text), " " + text, text + " ", text + "\x00", "plm_" + id + "_" + string(hash[:]),
	} {
		holds(t, g, wrong, false)
	}
}

func TestASecretIsKeptNowhere(t *testing.T) {
	h := newHouse(t)
	g := h.guard()
	made, text := h.create(g, ci())
	holds(t, g, text, true)
	fresh, second, err := g.Rotate(t.Context(), made.ID, time.Hour, admin)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Revoke(t.Context(), fresh.ID, admin); err != nil {
		t.Fatal(err)
	}
	holds(t, g, second, false)
	h.time.forward(2 * time.Hour)
	holds(t, g, text, false)
	if _, err := g.Revoke(t.Context(), text, admin); plimsoll.ErrorCode(err) != plimsoll.CodeNotFound || strings.Contains(err.Error(), text) {
		t.Errorf("the whole token in place of its id: %v", err)
	}
	if err := h.db.Close(); err != nil {
		t.Fatal(err)
	}
	_, one := split(text)
	_, two := split(second)
	places := map[string]string{"log": h.log.String()}
	files, err := filepath.Glob(filepath.Join(h.dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		places[f] = string(b)
	}
	if db := places[filepath.Join(h.dir, "plimsoll.db")]; !strings.Contains(db, made.ID) {
		t.Fatal("the test looks for the secret where not even the id is")
	}
	for place, content := range places {
		if strings.Contains(content, one) || strings.Contains(content, two) {
			t.Errorf("a secret stands in %s", place)
		}
	}
	for _, part := range []string{"token created", "token rotated", "token revoked", "a token that has ended is used", made.ID} {
		if !strings.Contains(places["log"], part) {
			t.Errorf("no %q in the log:\n%s", part, places["log"])
		}
	}
}

func TestTheLogHearsOnceAnHourOfATokenThatHasEnded(t *testing.T) {
	h := newHouse(t)
	g := h.guard()
	made, text := h.create(g, ci())
	if _, err := g.Revoke(t.Context(), made.ID, admin); err != nil {
		t.Fatal(err)
	}
	for want, wait := range []time.Duration{0, time.Hour} {
		h.time.forward(wait)
		for range 5 {
			holds(t, g, text, false)
			holds(t, g, text+"x", false)
		}
		if got := strings.Count(h.log.String(), "has ended is used"); got != want+1 {
			t.Errorf("after %s: %d lines", wait, got)
		}
	}
}

func TestATokenEndsWhenItExpires(t *testing.T) {
	h := newHouse(t)
	g := h.guard()
	w := ci()
	w.ExpiresAt = plimsoll.TimeOf(start.Add(time.Hour))
	_, text := h.create(g, w)
	h.time.forward(time.Hour - time.Microsecond)
	holds(t, g, text, true)
	h.time.forward(time.Microsecond)
	holds(t, g, text, false)
}

func TestARequestCostsNoReadAndARevocationElsewhereHoldsWithinASecond(t *testing.T) {
	h := newHouse(t)
	here, there := h.guard(), h.guard()
	made, text := h.create(here, ci())
	_, other := h.create(here, Wish{Name: "other", Role: plimsoll.RoleViewer})
	holds(t, here, text, true)
	holds(t, there, text, true)
	first := there.known
	for range 100 {
		holds(t, there, text, true)
		holds(t, there, "plm_aaaaaaaa_a", false)
	}
	if there.known != first || there.look != nil {
		t.Error("requests that follow at once look at the store")
	}
	if _, err := here.Revoke(t.Context(), made.ID, admin); err != nil {
		t.Fatal(err)
	}
	holds(t, here, text, false)
	h.time.forward(old + 1)
	holds(t, there, text, false)
	holds(t, there, other, true)
	// A token that was made elsewhere is known as soon.
	_, late := h.create(here, Wish{Name: "late", Role: plimsoll.RoleViewer})
	h.time.forward(old + 1)
	holds(t, there, late, true)
}

func TestBetweenLazyAndOldOneLooksAndNobodyWaits(t *testing.T) {
	h := newHouse(t)
	here, there := h.guard(), h.guard()
	made, text := h.create(here, ci())
	holds(t, there, text, true)
	if _, err := here.Revoke(t.Context(), made.ID, admin); err != nil {
		t.Fatal(err)
	}
	h.time.forward(lazy + 1)
	if _, err := there.fresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	there.mu.Lock()
	l := there.look
	there.mu.Unlock()
	if l != nil {
		<-l.done
	}
	holds(t, there, text, false) // though not old yet
}

func TestNobodyIsLetInWhenTheStoreCannotBeAsked(t *testing.T) {
	h := newHouse(t)
	g := h.guard()
	_, text := h.create(g, ci())
	holds(t, g, text, true)
	if err := h.db.Close(); err != nil {
		t.Fatal(err)
	}
	h.time.forward(lazy)
	holds(t, g, text, true)
	h.time.forward(old)
	for range 2 {
		if _, err := g.Identify(t.Context(), text); plimsoll.ErrorCode(err) != plimsoll.CodeUnavailable {
			t.Errorf("error %v", err)
		}
	}
	left, leave := context.WithCancel(t.Context())
	leave()
	if _, err := g.Identify(left, text); err == nil {
		t.Error("recognised without a look at the store")
	}
}

// A revocation that has returned holds, whatever looks were under way.
func TestNoLookUnderWayBringsARevokedTokenBack(t *testing.T) {
	h := newHouse(t)
	g := h.guard()
	g.mono = time.Now
	for range 20 {
		made, text := h.create(g, ci())
		var wg sync.WaitGroup
		revoked := make(chan struct{})
		for range 4 {
			wg.Go(func() {
				for {
					gone := false
					select {
					case <-revoked:
						gone = true
					default:
					}
					if _, err := g.Identify(t.Context(), text); gone {
						if err == nil {
							t.Error("recognised after it was revoked")
						}
						return
					}
				}
			})
		}
		if _, err := g.Revoke(t.Context(), made.ID, admin); err != nil {
			t.Error(err)
		}
		close(revoked)
		wg.Wait()
	}
}

func TestTheUseOfATokenIsNotedNowAndThen(t *testing.T) {
	h := newHouse(t)
	g := h.guard()
	made, text := h.create(g, ci())
	used := func(g *Guard) plimsoll.Time {
		t.Helper()
		list, err := g.List(t.Context(), true)
		if err != nil || len(list) != 1 {
			t.Fatalf("%+v, %v", list, err)
		}
		return list[0].LastUsedAt
	}
	if used(g).Known() {
		t.Error("used before it was")
	}
	h.time.forward(time.Minute)
	holds(t, g, text, true)
	holds(t, g, "plm_"+made.ID+"_wrong", false)
	if got := used(g); got != plimsoll.TimeOf(start.Add(time.Minute)) {
		t.Errorf("used at %s", got)
	}
	elsewhere := h.guard()
	if got := used(elsewhere); got.Known() {
		t.Errorf("written down by the request itself, at %s", got)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	g.Run(ctx) // notes once more at its end
	if got := used(elsewhere); got != plimsoll.TimeOf(start.Add(time.Minute)) {
		t.Errorf("noted %s", got)
	}
}

// What a request pays for its token, with a thousand of them.
func BenchmarkIdentify(b *testing.B) {
	db, err := store.Open(b.Context(), store.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	org, err := db.Org(b.Context(), "default")
	if err != nil {
		b.Fatal(err)
	}
	g := New(org, Options{})
	var text string
	for i := range 1000 {
		w := ci()
		w.Name = fmt.Sprint("ci ", i)
		if _, text, err = g.Create(b.Context(), w, admin); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := g.Identify(b.Context(), text); err != nil {
			b.Fatal(err)
		}
	}
}
