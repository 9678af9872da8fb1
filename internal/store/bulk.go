package store

import (
	"database/sql"
	"encoding/hex"
	"fmt"
	"hash/fnv"

	"github.com/plimsoll-dev/plimsoll"
)

// FactChange says which facts of a service changed, and the span of time, both
// ends included, that what came and what went covers together.
type FactChange struct {
	Service string // "" for an incident that belongs to none
	Kind    string
	Span    plimsoll.Window
}

// LastFactChange is the number of the last change of a fact, 0 before the first.
// It never goes back.
func (tx *Tx) LastFactChange() (int64, error) { return tx.counter("fact_change") }

// FactChanges returns the changes numbered above after, in order. It reports
// false when some of them are no longer there: whoever keeps something derived
// from the facts must then make it anew.
func (tx *Tx) FactChanges(after int64) (changes []FactChange, whole bool, err error) {
	last, err := tx.LastFactChange()
	if err != nil {
		return nil, false, err
	}
	err = tx.each(`SELECT service, kind, from_at, to_at FROM fact_changes WHERE org = ? AND num > ? ORDER BY num`,
		tx.args(after), func(rows *sql.Rows) error {
			var c FactChange
			err := rows.Scan(&c.Service, &c.Kind, &c.Span.From, &c.Span.To)
			changes = append(changes, c)
			return err
		})
	return changes, int64(len(changes)) == last-after, err
}

// FactTrail names the changes up to a number: a hash of the last of them, which
// stores that went different ways do not share. It is "" where the change of
// that number is no longer there.
func (tx *Tx) FactTrail(num int64) (string, error) {
	const length = 64
	h, last := fnv.New128a(), int64(0)
	err := tx.each(`SELECT num, seq, service, kind, from_at, to_at FROM fact_changes WHERE org = ? AND num > ? AND num <= ? ORDER BY num`,
		tx.args(num-length, num), func(rows *sql.Rows) error {
			var seq, from, to int64
			var service, kind string
			err := rows.Scan(&last, &seq, &service, &kind, &from, &to)
			fmt.Fprintln(h, last, seq, service, kind, from, to)
			return err
		})
	if err != nil || last != num {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// FactServices returns every service with a current fact.
func (tx *Tx) FactServices() ([]string, error) {
	return tx.strings(`SELECT DISTINCT service FROM deployments WHERE org = ? AND to_seq = ?
		UNION SELECT DISTINCT service FROM lead_times WHERE org = ? AND to_seq = ?
		UNION SELECT DISTINCT service FROM failures WHERE org = ? AND to_seq = ?
		UNION SELECT DISTINCT service FROM analyses WHERE org = ? AND to_seq = ?
		UNION SELECT cause_service FROM incidents WHERE org = ? AND to_seq = ?
		UNION SELECT service FROM incident_services WHERE org = ?
		ORDER BY 1`, int64(current), tx.org, int64(current), tx.org, int64(current), tx.org, int64(current), tx.org, int64(current), tx.org)
}

// DeploymentRow is a deployment with its team.
type DeploymentRow struct {
	DeploymentPoint
	Production         bool
	Team               string
	Took, Waited, Full int64  // microseconds, −1 when not known
	Group              string // joins the regions of one release, "" if none
}

// ServiceRows hands to fn the current deployments of a service, in every
// environment, that ended in the span, both ends included.
func (tx *Tx) ServiceRows(service string, span plimsoll.Window, fn func(DeploymentRow)) error {
	return tx.each(`SELECT id, service, kind, result, counted, judged, begun_at, ended_at, oldest_at, commit_sha <> '',
		coverage, repairs, planned, started, production, team, took, waited, to_full, release FROM deployments
		WHERE org = ? AND service = ? AND to_seq = ? AND ended_at >= ? AND ended_at <= ?`,
		tx.args(service, int64(current), span.From, span.To), func(rows *sql.Rows) error {
			var p DeploymentRow
			err := rows.Scan(&p.ID, &p.Service, &p.Kind, &p.Result, &p.Counted, &p.Judged, &p.BegunAt, &p.EndedAt, &p.OldestAt, &p.Commit,
				&p.Coverage, &p.Repairs, &p.Planned, &p.Started, &p.Production, &p.Team, &p.Took, &p.Waited, &p.Full, &p.Group)
			fn(p)
			return err
		})
}

// LeadRow is one change or pull request on its way to the users of a service.
type LeadRow struct {
	Start, Committed, Delivered plimsoll.Time // Delivered is unknown while open
	Team                        string
	plimsoll.Stamps
}

// LeadRows hands to fn the current leads of a service that were delivered in the
// span, both ends included, and all that are open.
func (tx *Tx) LeadRows(service string, basis plimsoll.Basis, span plimsoll.Window, fn func(LeadRow)) error {
	return tx.each(`SELECT start_at, committed_at, delivered_at, team, `+stampColumns+` FROM lead_times
		WHERE org = ? AND service = ? AND basis = ? AND +to_seq = ? AND (+delivered_at = 0 OR +delivered_at >= ? AND +delivered_at <= ?)`,
		tx.args(service, string(basis), int64(current), span.From, span.To), func(rows *sql.Rows) error {
			var l LeadRow
			err := rows.Scan(append([]any{&l.Start, &l.Committed, &l.Delivered, &l.Team}, stampFields(&l.Stamps)...)...)
			fn(l)
			return err
		})
}

// FailureRow is one failure of a service.
type FailureRow struct {
	Failed, Restored plimsoll.Time // Restored is unknown while it lasts
	Severity, Team   string
	Shared           int // deployments that share its span, beside the first

	DetectedAt, DiagnosedAt, FixBegunAt, FixEndedAt, Solved plimsoll.Time // unknown where nobody stated it
}

// FailureRows hands every current failure of a service to fn.
func (tx *Tx) FailureRows(service string, fn func(FailureRow)) error {
	return tx.each(`SELECT failed_at, restored_at, severity, team, detected_at, diagnosed_at, fix_begun_at, fix_ended_at, resolved_at,
		coalesce(json_array_length(doc, '$.deployments') - 1, 0) FROM failures WHERE org = ? AND service = ? AND to_seq = ?`,
		tx.args(service, int64(current)), func(rows *sql.Rows) error {
			var f FailureRow
			err := rows.Scan(&f.Failed, &f.Restored, &f.Severity, &f.Team, &f.DetectedAt, &f.DiagnosedAt, &f.FixBegunAt, &f.FixEndedAt, &f.Solved, &f.Shared)
			fn(f)
			return err
		})
}

// AnalysisRow is one analysis run of a service in production.
type AnalysisRow struct {
	Ended       plimsoll.Time
	Phase, Team string
}

// AnalysisRows hands every current analysis run of a service in production to fn.
func (tx *Tx) AnalysisRows(service string, fn func(AnalysisRow)) error {
	return tx.each(`SELECT ended_at, phase, team FROM analyses WHERE org = ? AND service = ? AND to_seq = ? AND production = 1`,
		tx.args(service, int64(current)), func(rows *sql.Rows) error {
			var a AnalysisRow
			err := rows.Scan(&a.Ended, &a.Phase, &a.Team)
			fn(a)
			return err
		})
}

// IncidentRows hands to fn the current production incidents that belong to a
// service; "" is those that belong to none.
func (tx *Tx) IncidentRows(service string, fn func(plimsoll.Incident)) error {
	where, args := tx.incidentWhere(Filter{Service: service, Production: true})
	if service == "" {
		where += " AND cause_service = ''"
	}
	rows, err := docs[plimsoll.Incident](tx, `SELECT doc FROM incidents WHERE org = ? AND to_seq = ?`+where+` ORDER BY id`,
		append([]any{int64(current)}, args...)...)
	for _, i := range rows {
		if service != "" || len(i.Services) == 0 {
			fn(i)
		}
	}
	return err
}
