package store

import (
	"database/sql"

	"github.com/plimsoll-dev/plimsoll"
)

// Ways hands to fn the changes that were delivered in the window, with the
// moments on their way, the latest first, at most limit of them.
func (tx *Tx) Ways(f Filter, limit int, fn func(plimsoll.Delivery)) error {
	f = Filter{Service: f.Service, Team: f.Team, Window: f.Window}
	f.Window.From = max(f.Window.From, 1) // 0 is open
	where, args := f.where("delivered_at", false)
	return tx.each(`SELECT service, team, repository, key, start_at, delivered_at, deployment, pull_request,
		first_commit_at, opened_at, first_review_at, approved_at, merged_at, built_at, staged_at, ready_at, deploy_started_at
		FROM lead_times WHERE org = ? AND basis = 'change' AND to_seq = ?`+where+` ORDER BY delivered_at DESC, service, repository, key LIMIT ?`,
		append(append(tx.args(int64(current)), args...), limit), func(rows *sql.Rows) error {
			d := plimsoll.Delivery{Basis: plimsoll.BasisChange}
			err := rows.Scan(&d.Service, &d.Team, &d.Repository, &d.Key, &d.StartAt, &d.DeliveredAt, &d.Deployment, &d.PullRequest,
				&d.FirstCommitAt, &d.OpenedAt, &d.FirstReviewAt, &d.ApprovedAt, &d.MergedAt, &d.BuiltAt, &d.StagedAt, &d.ReadyAt, &d.DeployStartedAt)
			fn(d)
			return err
		})
}
