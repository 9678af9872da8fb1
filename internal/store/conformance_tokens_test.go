package store

import (
	"reflect"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

var tokenProperties = []property{
	{"a token is kept as it was made", tokensAreKept},
	{"a token ends once, at the earliest of its ends", tokensEnd},
	{"every change of what tokens may do is counted, and no other", tokenChangesAreCounted},
}

func sampleToken(id, name string) Token {
	return Token{
		ID: id, Name: name, Hash: []byte{0, 1, 2, 255}, Kind: plimsoll.ActorService, Role: plimsoll.RoleDeployer,
		Team: "shop", IngestOnly: true, CreatedAt: plimsoll.TimeOf(testTime), CreatedBy: "Ada",
		ExpiresAt: plimsoll.TimeOf(testTime.Add(time.Hour)),
	}
}

func mustAddToken(tb testing.TB, o *Org, t Token) {
	tb.Helper()
	mustUpdate(tb, o, func(tx *Tx) error {
		added, err := tx.AddToken(t)
		if !added && err == nil {
			tb.Errorf("the token %s was not added", t.ID)
		}
		return err
	})
}

func tokensAreKept(t *testing.T, open opener) {
	dir := t.TempDir()
	db := open(t, Options{Dir: dir})
	o := mustOrg(t, db, "default")
	if none := got(t, o, (*Tx).Tokens); len(none) != 0 {
		t.Errorf("at first there are %+v", none)
	}
	first, second := sampleToken("b", "ci"), Token{ID: "a", Name: "ünïcode 部署", Hash: []byte{7}, Kind: plimsoll.ActorPerson, Role: plimsoll.RoleAdmin, CreatedAt: plimsoll.TimeOf(testTime) + 1}
	mustAddToken(t, o, second)
	mustAddToken(t, o, first)
	mustUpdate(t, o, func(tx *Tx) error {
		added, err := tx.AddToken(Token{ID: "b", Name: "another", Hash: []byte{9}})
		if added {
			t.Error("a token was added under an id that is taken")
		}
		return err
	})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	o = mustOrg(t, open(t, Options{Dir: dir}), "default")
	if list := got(t, o, (*Tx).Tokens); !reflect.DeepEqual(list, []Token{first, second}) {
		t.Errorf("kept %+v", list)
	}
	mustUpdate(t, o, func(tx *Tx) error { return tx.DropToken("b") })
	if list := got(t, o, (*Tx).Tokens); !reflect.DeepEqual(list, []Token{second}) {
		t.Errorf("left %+v", list)
	}
}

func tokensEnd(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	now := plimsoll.TimeOf(testTime)
	hour := now.Add(time.Hour)
	forever := sampleToken("f", "for ever")
	forever.ExpiresAt = 0
	mustAddToken(t, o, sampleToken("t", "ci"))
	mustAddToken(t, o, forever)
	is := func(live bool, at plimsoll.Time, id string) {
		t.Helper()
		for _, x := range got(t, o, (*Tx).Tokens) {
			if x.ID == id && x.Live(at) != live {
				t.Errorf("%s at %s: live %v: %+v", id, at, !live, x)
			}
		}
	}
	is(true, hour-1, "t")
	is(false, hour, "t")
	is(true, plimsoll.Forever, "f")
	mustUpdate(t, o, func(tx *Tx) error { return tx.ExpireToken("t", hour.Add(time.Hour)) })
	is(false, hour, "t")
	mustUpdate(t, o, func(tx *Tx) error { return tx.ExpireToken("f", hour.Add(time.Hour)) })
	is(true, hour, "f")
	is(false, hour.Add(time.Hour), "f")
	revoke := func(id, by string) (done bool) {
		t.Helper()
		mustUpdate(t, o, func(tx *Tx) (err error) {
			done, err = tx.RevokeToken(id, by)
			return err
		})
		return done
	}
	if !revoke("t", "Ada") || revoke("t", "Bob") || revoke("nothing", "Ada") {
		t.Error("a token is not revoked exactly once")
	}
	is(false, now, "t")
	for _, x := range got(t, o, (*Tx).Tokens) {
		if x.ID == "t" && (x.RevokedBy != "Ada" || x.RevokedAt != now) {
			t.Errorf("revoked: %+v", x)
		}
	}
}

func tokenChangesAreCounted(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	mustAddToken(t, o, sampleToken("t", "ci"))
	for _, step := range []struct {
		name  string
		do    func(tx *Tx) error
		count bool
	}{
		{"used", func(tx *Tx) error { return tx.TokenUsed("t", 5) }, false},
		{"used before that", func(tx *Tx) error { return tx.TokenUsed("t", 3) }, false},
		{"expired later than it would", func(tx *Tx) error { return tx.ExpireToken("t", plimsoll.Forever) }, false},
		{"expired sooner", func(tx *Tx) error { return tx.ExpireToken("t", 9) }, true},
		{"revoked", func(tx *Tx) error { _, err := tx.RevokeToken("t", "Ada"); return err }, true},
		{"revoked again", func(tx *Tx) error { _, err := tx.RevokeToken("t", "Ada"); return err }, false},
		{"added again", func(tx *Tx) error { _, err := tx.AddToken(sampleToken("t", "ci")); return err }, false},
		{"dropped", func(tx *Tx) error { return tx.DropToken("t") }, true},
		{"dropped again", func(tx *Tx) error { return tx.DropToken("t") }, false},
	} {
		before := got(t, o, (*Tx).TokenChanges)
		mustUpdate(t, o, step.do)
		if after := got(t, o, (*Tx).TokenChanges); (after != before) != step.count {
			t.Errorf("%s: %d changes, before %d", step.name, after, before)
		}
		if list := got(t, o, (*Tx).Tokens); len(list) > 0 && list[0].LastUsedAt != 5 {
			t.Errorf("%s: last used at %d", step.name, list[0].LastUsedAt)
		}
	}
}
