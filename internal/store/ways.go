package store

import (
	"database/sql"

	"github.com/plimsoll-dev/plimsoll"
)

// Ways hands to fn the changes that were delivered in the window, with the
// moments on their way, the latest first, at most limit of them.
func (tx *Tx) Ways(f Filter, limit int, fn func(plimsoll.Delivery)) error {
	f.Window.From = max(f.Window.From, 1) // 0 is open
	where, args := tx.where(f, "lead_times", "delivered_at")
	held, at := tx.held("")
	return tx.each(`SELECT service, team, repository, key, start_at, delivered_at, deployment, pull_request,
		`+stampColumns+`
		FROM lead_times WHERE org = ? AND `+held+` AND basis = 'change'`+where+` ORDER BY delivered_at DESC, service, repository, key LIMIT ?`,
		append(append(tx.args(at...), args...), limit), func(rows *sql.Rows) error {
			d := plimsoll.Delivery{Basis: plimsoll.BasisChange}
			err := rows.Scan(append([]any{&d.Service, &d.Team, &d.Repository, &d.Key, &d.StartAt, &d.DeliveredAt, &d.Deployment, &d.PullRequest},
				stampFields(&d.Stamps)...)...)
			fn(d)
			return err
		})
}
