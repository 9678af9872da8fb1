package store

import (
	"database/sql"

	"github.com/plimsoll-dev/plimsoll"
)

const stampColumns = `first_commit_at, opened_at, first_review_at, approved_at, merged_at, built_at, staged_at, ready_at, deploy_started_at`

// stampFields are where the columns of stampColumns are scanned to.
func stampFields(s *plimsoll.Stamps) []any {
	return []any{&s.FirstCommitAt, &s.OpenedAt, &s.FirstReviewAt, &s.ApprovedAt, &s.MergedAt, &s.BuiltAt, &s.StagedAt, &s.ReadyAt, &s.DeployStartedAt}
}

// StagePoint is what the stages of lead time need of a delivered change.
type StagePoint struct {
	StartAt, DeliveredAt plimsoll.Time
	Deployment           string
	plimsoll.Stamps
}

// StagePoints hands every change of the filter that was delivered in its window
// to fn.
func (tx *Tx) StagePoints(f Filter, fn func(StagePoint)) error {
	where, args := tx.leadWhere(f)
	to := f.Window.To
	if to == 0 {
		to = plimsoll.Forever
	}
	held, at := tx.held("")
	given := append(append(tx.args(at...), max(f.Window.From, 1), to), args...)
	return tx.each(`SELECT start_at, delivered_at, deployment, `+stampColumns+` FROM lead_times
		WHERE org = ? AND `+held+` AND basis = 'change' AND delivered_at >= ? AND delivered_at < ?`+where, given, func(rows *sql.Rows) error {
		var p StagePoint
		err := rows.Scan(append([]any{&p.StartAt, &p.DeliveredAt, &p.Deployment}, stampFields(&p.Stamps)...)...)
		fn(p)
		return err
	})
}

// IncidentCounts returns how many incidents of the filter began in its window,
// and how many of them name a service.
func (tx *Tx) IncidentCounts(f Filter) (all, named int, err error) {
	where, args := tx.incidentWhere(f)
	held, at := tx.held("")
	// A title with these signs in it is escaped in the document.
	_, err = tx.one(`SELECT count(*), count(CASE WHEN doc LIKE '%"services":["%' THEN 1 END) FROM incidents WHERE org = ? AND `+held+where,
		append(tx.args(at...), args...), &all, &named)
	return all, named, err
}
