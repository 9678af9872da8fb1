package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

// Contents say what a database holds.
type Contents struct {
	Schema int              `json:"schema"` // steps of the schema it has gone through
	Logs   map[string]int64 `json:"logs"`   // last sequence number, by organisation
	LastAt plimsoll.Time    `json:"last_event_at,omitzero"`
}

// Events is how many events the logs hold together.
func (c Contents) Events() (n int64) {
	for _, last := range c.Logs {
		n += last
	}
	return n
}

// verify reads a database from its first page to its last: the structure of
// every table and index, the log of each organisation against its counter, and
// every event against the hash of its content. It finds a byte that was turned
// within an event, which no check of the structure does.
func (b *Beside) verify(ctx context.Context) (c Contents, err error) {
	if c.Schema, err = b.schema(ctx); err != nil {
		return c, err
	}
	err = b.with(ctx, func(s *session) error {
		var found string
		if err := s.row(ctx, `PRAGMA integrity_check(1)`).Scan(&found); err != nil {
			return err
		}
		if found != "ok" {
			return errors.New(strings.Join(strings.Fields(found), " "))
		}
		c.Logs, c.LastAt, err = verifyLogs(ctx, s)
		return err
	})
	return c, err
}

// verifyLogs reads the log of every organisation. It returns the last number of
// each, and when the last event of all was received.
func verifyLogs(ctx context.Context, s *session) (logs map[string]int64, at plimsoll.Time, err error) {
	orgs := map[int64]string{}
	rows, err := s.query(ctx, `SELECT id, name FROM orgs ORDER BY id`)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			return nil, 0, err
		}
		orgs[id] = name
	}
	if err := rows.Err(); err != nil {
		return nil, 0, err
	}
	logs = map[string]int64{}
	for id, name := range orgs {
		last, latest, err := verifyLog(ctx, s, id)
		if err != nil {
			return nil, 0, fmt.Errorf("the log of organisation %s: %w", name, err)
		}
		logs[name], at = last, max(at, latest)
	}
	return logs, at, nil
}

// verifyLog reads the log of an organisation: no number is missing, the last is
// what the counter says, and every event is what its hash says. It returns the last number and when that was received.
func verifyLog(ctx context.Context, s *session, org int64) (last int64, at plimsoll.Time, err error) {
	rows, err := s.query(ctx, `SELECT `+eventColumns+` FROM events WHERE org = ? ORDER BY seq`, org)
	if err != nil {
		return 0, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scanRecord(rows)
		if err != nil {
			return 0, 0, fmt.Errorf("after event %d: %w", last, err)
		}
		if r.Seq != last+1 {
			return 0, 0, fmt.Errorf("event %d stands where %d should", r.Seq, last+1)
		}
		if !Intact(&r.Event) {
			return 0, 0, fmt.Errorf("event %d (%s %s) is not what its hash says", r.Seq, r.Type, r.Subject)
		}
		last, at = r.Seq, r.RecordedAt
	}
	if err := rows.Err(); err != nil {
		return 0, 0, fmt.Errorf("after event %d: %w", last, err)
	}
	var counted sql.NullInt64
	err = s.row(ctx, `SELECT max(value) FROM counters WHERE org = ? AND name = 'log'`, org).Scan(&counted)
	switch {
	case err != nil:
		return 0, 0, err
	case counted.Int64 != last:
		return 0, 0, fmt.Errorf("it ends at event %d and should end at %d", last, counted.Int64)
	}
	return last, at, nil
}

// Intact reports whether an event is what its hash says. An event that states
// no time of its own was given the time of its receipt after it was hashed.
func Intact(e *plimsoll.Event) bool {
	if e.ContentHash() == e.Hash {
		return true
	}
	timeless := *e
	timeless.OccurredAt = 0
	return timeless.ContentHash() == e.Hash
}

// inspectedEvents is how many of the last events are looked at when a store
// opens.
const inspectedEvents = 500

// inspectTails looks at the last events of each log: none is missing, and each
// is what its hash says.
func inspectTails(ctx context.Context, s *session) error {
	rows, err := s.query(ctx, `SELECT o.name, o.id, c.value FROM counters c JOIN orgs o ON o.id = c.org WHERE c.name = 'log'`)
	if err != nil {
		return err
	}
	defer rows.Close()
	type tail struct {
		name      string
		org, last int64
	}
	var tails []tail
	for rows.Next() {
		var t tail
		if err := rows.Scan(&t.name, &t.org, &t.last); err != nil {
			return err
		}
		tails = append(tails, t)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, t := range tails {
		if err := inspectTail(ctx, s, t.org, t.last); err != nil {
			return fmt.Errorf("the log of organisation %s: %w", t.name, err)
		}
	}
	return nil
}

func inspectTail(ctx context.Context, s *session, org, last int64) error {
	next := max(1, last-inspectedEvents+1)
	rows, err := s.query(ctx, `SELECT `+eventColumns+` FROM events WHERE org = ? AND seq >= ? ORDER BY seq`, org, next)
	if err != nil {
		return err
	}
	defer rows.Close()
	for ; rows.Next(); next++ {
		r, err := scanRecord(rows)
		switch {
		case err != nil:
			return err
		case r.Seq != next:
			return damagef("event %d stands where %d should", r.Seq, next)
		case !Intact(&r.Event):
			return damagef("event %d (%s %s) is not what its hash says", r.Seq, r.Type, r.Subject)
		}
	}
	return rows.Err()
}
