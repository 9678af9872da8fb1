package store

import (
	"database/sql"

	"github.com/plimsoll-dev/plimsoll"
)

// Token is a token of the API as it is kept: without its secret.
type Token struct {
	ID         string
	Name       string
	Hash       []byte // SHA-256 of the secret
	Kind       plimsoll.ActorKind
	Role       plimsoll.Role
	Team       string // "" for all
	IngestOnly bool
	CreatedAt  plimsoll.Time
	CreatedBy  string        // name of the actor
	ExpiresAt  plimsoll.Time // unknown for never
	RevokedAt  plimsoll.Time // unknown while it was not
	RevokedBy  string
	LastUsedAt plimsoll.Time // within some minutes; unknown if it never was
}

// Live reports whether the token is good at a time.
func (t Token) Live(at plimsoll.Time) bool {
	return !t.RevokedAt.Known() && (!t.ExpiresAt.Known() || at < t.ExpiresAt)
}

// Actor is who the token says that its holder is.
func (t Token) Actor() plimsoll.Actor {
	return plimsoll.Actor{Kind: t.Kind, Name: t.Name, Token: t.ID, Role: t.Role, Team: t.Team, IngestOnly: t.IngestOnly}
}

const tokenColumns = `id, name, hash, kind, role, team, ingest_only, created_at, created_by, expires_at, revoked_at, revoked_by, last_used_at`

// HoldTokens begins a change that depends on what tokens there are: whoever
// else begins one waits until this one has ended. Call it before reading them.
func (tx *Tx) HoldTokens() error { return tx.tokensChanged() }

// AddToken keeps a new token. It reports false, and keeps nothing, when there
// is one of that id.
func (tx *Tx) AddToken(t Token) (bool, error) {
	var ingestOnly int64
	if t.IngestOnly {
		ingestOnly = 1
	}
	n, err := tx.exec(`INSERT INTO tokens (org, `+tokenColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (org, id) DO NOTHING`,
		tx.org, t.ID, t.Name, t.Hash, string(t.Kind), string(t.Role), t.Team, ingestOnly,
		int64(t.CreatedAt), t.CreatedBy, int64(t.ExpiresAt), int64(t.RevokedAt), t.RevokedBy, int64(t.LastUsedAt))
	if err != nil || n == 0 {
		return false, err
	}
	return true, tx.tokensChanged()
}

// Tokens returns every token, also those that have ended, in the order in which
// they were made.
func (tx *Tx) Tokens() ([]Token, error) {
	var out []Token
	err := tx.each(`SELECT `+tokenColumns+` FROM tokens WHERE org = ? ORDER BY created_at, id`, tx.args(), func(rows *sql.Rows) error {
		var t Token
		var ingestOnly int64
		err := rows.Scan(&t.ID, &t.Name, &t.Hash, &t.Kind, &t.Role, &t.Team, &ingestOnly,
			&t.CreatedAt, &t.CreatedBy, &t.ExpiresAt, &t.RevokedAt, &t.RevokedBy, &t.LastUsedAt)
		t.IngestOnly = ingestOnly != 0
		out = append(out, t)
		return err
	})
	return out, err
}

// RevokeToken ends a token now and for ever, and reports whether it was not
// revoked before.
func (tx *Tx) RevokeToken(id, by string) (bool, error) {
	n, err := tx.exec(`UPDATE tokens SET revoked_at = ?, revoked_by = ? WHERE org = ? AND id = ? AND revoked_at = 0`,
		int64(tx.now), by, tx.org, id)
	if err != nil || n == 0 {
		return false, err
	}
	return true, tx.tokensChanged()
}

// ExpireToken lets a token end at a time, if it would not end sooner.
func (tx *Tx) ExpireToken(id string, at plimsoll.Time) error {
	n, err := tx.exec(`UPDATE tokens SET expires_at = ? WHERE org = ? AND id = ? AND (expires_at = 0 OR expires_at > ?)`,
		int64(at), tx.org, id, int64(at))
	if err != nil || n == 0 {
		return err
	}
	return tx.tokensChanged()
}

// DropToken forgets a token altogether.
func (tx *Tx) DropToken(id string) error {
	n, err := tx.exec(`DELETE FROM tokens WHERE org = ? AND id = ?`, tx.org, id)
	if err != nil || n == 0 {
		return err
	}
	return tx.tokensChanged()
}

// TokenUsed notes when a token was last used. It says nothing about what the
// token may do, and so is no change of TokenChanges.
func (tx *Tx) TokenUsed(id string, at plimsoll.Time) error {
	err := tx.write(`UPDATE tokens SET last_used_at = ? WHERE org = ? AND id = ? AND last_used_at < ?`, int64(at), tx.org, id, int64(at))
	return err
}

// TokenChanges counts the changes of what tokens may do. Who remembers tokens
// asks it whether they are still true.
func (tx *Tx) TokenChanges() (int64, error) { return tx.counter("tokens") }

func (tx *Tx) tokensChanged() error {
	_, err := tx.next("tokens")
	return err
}
