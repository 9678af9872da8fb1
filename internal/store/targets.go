package store

import (
	"database/sql"
	"encoding/json"

	"github.com/plimsoll-dev/plimsoll"
)

// PutTarget keeps a target as all its reports add up to it.
func (tx *Tx) PutTarget(t plimsoll.TargetReport) error {
	doc, err := json.Marshal(t)
	if err != nil {
		return err
	}
	err = tx.write(`INSERT INTO targets (org, id, doc) VALUES (?, ?, ?)
		ON CONFLICT (org, id) DO UPDATE SET doc = excluded.doc`, tx.org, t.ID, doc)
	return err
}

// Targets returns every target by id, also those that were dropped.
func (tx *Tx) Targets() ([]plimsoll.TargetReport, error) {
	return docs[plimsoll.TargetReport](tx, `SELECT doc FROM targets WHERE org = ? ORDER BY id`)
}

// PullRequestPoint is a pull request that came to the users of a service, with
// what was reported of it.
type PullRequestPoint struct {
	Service     string
	DeliveredAt plimsoll.Time
	plimsoll.PullRequestReport
}

// PullRequestPoints hands to fn every pull request that was delivered in the
// window, once for each service of the filter.
func (tx *Tx) PullRequestPoints(f Filter, fn func(PullRequestPoint)) error {
	f.Window.From = max(f.Window.From, 1) // 0 is open
	where, args := tx.where(f, "lead_times", "delivered_at")
	held, at := tx.held("l.")
	return tx.each(`SELECT l.service, l.delivered_at, p.doc FROM lead_times l
		JOIN pull_requests p ON p.org = l.org AND p.repository = l.repository AND p.number = CAST(l.key AS BIGINT)
		WHERE l.org = ? AND `+held+` AND l.basis = 'pull_request'`+where+` ORDER BY l.delivered_at, l.service, l.repository, l.key`,
		append(tx.args(at...), args...), func(rows *sql.Rows) error {
			var p PullRequestPoint
			var doc sql.RawBytes
			if err := rows.Scan(&p.Service, &p.DeliveredAt, &doc); err != nil {
				return err
			}
			if err := json.Unmarshal(doc, &p.PullRequestReport); err != nil {
				return err
			}
			fn(p)
			return nil
		})
}
