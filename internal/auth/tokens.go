package auth

import (
	"context"
	"crypto/sha256"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// Wish is what a new token shall be.
type Wish struct {
	Name       string
	Kind       plimsoll.ActorKind // a service if empty
	Role       plimsoll.Role
	Team       string // acts for services of this team only; "" for all
	IngestOnly bool
	ExpiresAt  plimsoll.Time // unknown for never
}

// The bounds of a token.
const (
	mostName = 100 // characters
	mostLife = 10 * 366 * 24 * time.Hour
)

// check fills in what is left out, and refuses what cannot be meant.
func (w *Wish) check(now plimsoll.Time) error {
	if err := checkName("name", w.Name); err != nil {
		return err
	}
	if w.Kind == "" {
		w.Kind = plimsoll.ActorService
	}
	if w.IngestOnly && w.Role == "" {
		w.Role = plimsoll.RoleDeployer
	}
	role, err := plimsoll.ParseRole(string(w.Role))
	if err != nil {
		return err
	}
	w.Role = role
	switch {
	case strings.HasPrefix(w.Name, "p-"):
		return plimsoll.FieldErrorf("name", "%q; a name beginning with p- could be taken for a reference to a person", w.Name)
	case slices.Contains([]string{plimsoll.LocalActor().Name, plimsoll.BootstrapActor().Name, plimsoll.SystemActor().Name}, strings.ToLower(w.Name)):
		return plimsoll.FieldErrorf("name", "%q means something else already; expected another name", w.Name)
	case w.Kind != plimsoll.ActorPerson && w.Kind != plimsoll.ActorService:
		return plimsoll.FieldErrorf("kind", "%q; expected person or service", w.Kind)
	case w.IngestOnly && w.Role != plimsoll.RoleDeployer:
		return plimsoll.FieldErrorf("ingest_only", "a token that only hands in events has the role deployer, not %s", w.Role)
	case w.Team != "" && w.Role != plimsoll.RoleDeployer && w.Role != plimsoll.RoleReleaseManager:
		return plimsoll.FieldErrorf("team", "a token for one team has the role deployer or release_manager: a viewer sees every team, and an admin could undo the bound")
	case w.ExpiresAt.Known() && w.ExpiresAt <= now:
		return plimsoll.FieldErrorf("expires", "%s has passed (it is %s here)", w.ExpiresAt, now)
	case w.ExpiresAt.Known() && w.ExpiresAt > now.Add(mostLife):
		return plimsoll.FieldErrorf("expires", "%s is more than ten years away; expected less, or a token that never expires", w.ExpiresAt)
	}
	if w.Team != "" {
		return checkName("team", w.Team)
	}
	return nil
}

func checkName(field, s string) error {
	switch n := utf8.RuneCountInString(s); {
	case s == "":
		return plimsoll.FieldErrorf(field, "missing; expected a name like ci-checkout")
	case !utf8.ValidString(s):
		return plimsoll.FieldErrorf(field, "not UTF-8; expected plain text")
	case n > mostName:
		return plimsoll.FieldErrorf(field, "%d characters; expected at most %d", n, mostName)
	case strings.TrimSpace(s) != s:
		return plimsoll.FieldErrorf(field, "%q; expected a name without spaces around it", s)
	case strings.ContainsFunc(s, unicode.IsControl):
		return plimsoll.FieldErrorf(field, "%q; expected plain text on one line", s)
	case Looks(s):
		return plimsoll.FieldErrorf(field, "looks like a token, and a name is no secret")
	}
	return nil
}

// Token is a token as it is shown: never its secret, nor what that is known by.
type Token struct {
	ID         string             `json:"id"`
	Name       string             `json:"name"`
	Kind       plimsoll.ActorKind `json:"kind"`
	Role       plimsoll.Role      `json:"role"`
	Team       string             `json:"team"` // "" for all
	IngestOnly bool               `json:"ingest_only"`
	Status     Status             `json:"status"`
	CreatedAt  plimsoll.Time      `json:"created_at"`
	CreatedBy  string             `json:"created_by"`
	ExpiresAt  plimsoll.Time      `json:"expires_at"` // unknown for never
	RevokedAt  plimsoll.Time      `json:"revoked_at"`
	RevokedBy  string             `json:"revoked_by"`
	LastUsedAt plimsoll.Time      `json:"last_used_at"` // within some minutes
}

// Status says whether a token is good.
type Status string

// The statuses of a token.
const (
	Live    Status = "live"
	Expired Status = "expired"
	Revoked Status = "revoked"
)

func shown(t store.Token, now plimsoll.Time) Token {
	out := Token{
		ID: t.ID, Name: t.Name, Kind: t.Kind, Role: t.Role, Team: t.Team, IngestOnly: t.IngestOnly, Status: Live,
		CreatedAt: t.CreatedAt, CreatedBy: t.CreatedBy, ExpiresAt: t.ExpiresAt, RevokedAt: t.RevokedAt, RevokedBy: t.RevokedBy,
		LastUsedAt: t.LastUsedAt,
	}
	switch {
	case t.RevokedAt.Known():
		out.Status = Revoked
	case !t.Live(now):
		out.Status = Expired
	}
	return out
}

// Create makes a token. The text is handed out this once and kept nowhere.
func (g *Guard) Create(ctx context.Context, w Wish, by plimsoll.Actor) (_ Token, text string, err error) {
	now := g.now()
	if err := w.check(now); err != nil {
		return Token{}, "", err
	}
	t := store.Token{
		Name: w.Name, Kind: w.Kind, Role: w.Role, Team: w.Team, IngestOnly: w.IngestOnly,
		CreatedAt: now, CreatedBy: by.Name, ExpiresAt: w.ExpiresAt,
	}
	err = g.org.Update(ctx, func(tx *store.Tx) error {
		list, err := held(tx)
		if err != nil {
			return err
		}
		for _, x := range list {
			if x.Name == w.Name && x.Live(now) {
				return plimsoll.Errorf(plimsoll.CodeConflict, "there is a token of the name %s (%s); revoke it, rotate it, or choose another name", x.Name, x.ID)
			}
		}
		text, err = add(tx, &t, list, now)
		return err
	})
	return g.made("created", t, text, by, err)
}

// add gives a token an id and a secret, and keeps it.
func add(tx *store.Tx, t *store.Token, list []store.Token, now plimsoll.Time) (text string, err error) {
	if err := makeRoom(tx, list, now); err != nil {
		return "", err
	}
	secret := random(secretBytes)
	hash := sha256.Sum256([]byte(secret))
	t.Hash = hash[:]
	for added := false; !added; {
		t.ID = random(idBytes)
		if added, err = tx.AddToken(*t); err != nil {
			return "", err
		}
	}
	return prefix + t.ID + "_" + secret, nil
}

// makeRoom forgets those that ended and were made first, when there are too
// many.
func makeRoom(tx *store.Tx, list []store.Token, now plimsoll.Time) error {
	for _, t := range list {
		if len(list) < Most {
			return nil
		}
		if t.Live(now) {
			continue
		}
		if err := tx.DropToken(t.ID); err != nil {
			return err
		}
		list = list[1:]
	}
	if len(list) >= Most {
		return plimsoll.Errorf(plimsoll.CodeConflict, "there are %d tokens already; revoke some that nobody needs", Most)
	}
	return nil
}

// List returns the tokens in the order in which they were made; with ended also
// those that have expired or were revoked.
func (g *Guard) List(ctx context.Context, ended bool) ([]Token, error) {
	now, out := g.now(), []Token{}
	var list []store.Token
	err := g.org.View(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.Tokens()
		return err
	})
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, t := range list {
		if t.LastUsedAt = max(t.LastUsedAt, g.used[t.ID]); ended || t.Live(now) {
			out = append(out, shown(t, now))
		}
	}
	return out, err
}

// Revoke ends a token. That holds in this process for the next request, and in
// every other within a second.
func (g *Guard) Revoke(ctx context.Context, id string, by plimsoll.Actor) (Token, error) {
	var t store.Token
	err := g.org.Update(ctx, func(tx *store.Tx) error {
		var err error
		if _, t, err = find(tx, id); err != nil {
			return err
		}
		if t.RevokedAt.Known() {
			return plimsoll.Errorf(plimsoll.CodeConflict, "the token %s was revoked at %s by %s", id, t.RevokedAt, t.RevokedBy)
		}
		if _, err = tx.RevokeToken(id, by.Name); err != nil {
			return err
		}
		_, t, err = find(tx, id)
		return err
	})
	return shown(t, g.now()), g.done("revoked", t, by, err)
}

// Rotate makes a new token like one that has not ended, with as long a life.
// The old one ends after overlap, at once if that is 0.
func (g *Guard) Rotate(ctx context.Context, id string, overlap time.Duration, by plimsoll.Actor) (_ Token, text string, err error) {
	now := g.now()
	var t store.Token
	if overlap < 0 || overlap > mostLife {
		return Token{}, "", plimsoll.FieldErrorf("overlap", "%s; expected a time from 0 up, like 24h", overlap)
	}
	err = g.org.Update(ctx, func(tx *store.Tx) error {
		list, before, err := find(tx, id)
		switch {
		case err != nil:
			return err
		case !before.Live(now):
			return plimsoll.Errorf(plimsoll.CodeConflict, "the token %s (%s) has ended; create a new one", id, before.Name)
		}
		t = before
		t.CreatedAt, t.CreatedBy, t.LastUsedAt = now, by.Name, 0
		if before.ExpiresAt.Known() {
			t.ExpiresAt = now.Add(before.ExpiresAt.Sub(before.CreatedAt))
		}
		if text, err = add(tx, &t, list, now); err != nil {
			return err
		}
		if overlap > 0 {
			return tx.ExpireToken(id, now.Add(overlap))
		}
		_, err = tx.RevokeToken(id, by.Name)
		return err
	})
	return g.made("rotated", t, text, by, err)
}

// held returns every token, and keeps others from changing them until the
// transaction ends.
func held(tx *store.Tx) ([]store.Token, error) {
	if err := tx.HoldTokens(); err != nil {
		return nil, err
	}
	return tx.Tokens()
}

func find(tx *store.Tx, id string) ([]store.Token, store.Token, error) {
	list, err := held(tx)
	if err != nil {
		return nil, store.Token{}, err
	}
	if i := slices.IndexFunc(list, func(t store.Token) bool { return t.ID == id }); i >= 0 {
		return list, list[i], nil
	}
	// What has not the form of an id may be a secret, and is not said again.
	if !idForm.MatchString(id) {
		return nil, store.Token{}, plimsoll.Errorf(plimsoll.CodeNotFound, "no such token; expected its id, the eight characters between plm_ and the next underscore")
	}
	return nil, store.Token{}, plimsoll.Errorf(plimsoll.CodeNotFound, "no token %s", id)
}

// made returns a token that was made, with its text, or the error in the way.
func (g *Guard) made(what string, t store.Token, text string, by plimsoll.Actor, err error) (Token, string, error) {
	if err = g.done(what, t, by, err); err != nil {
		return Token{}, "", err
	}
	return shown(t, g.now()), text, nil
}

// done makes a change count, and writes down who made it.
func (g *Guard) done(what string, t store.Token, by plimsoll.Actor, err error) error {
	// An error of a commit leaves open whether it took effect.
	g.changed()
	if err != nil {
		return err
	}
	g.opt.Log.Info("token "+what, "id", t.ID, "name", t.Name, "role", string(t.Role), "by", by.Name)
	return nil
}
