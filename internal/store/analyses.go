package store

import (
	"database/sql"
	"encoding/json"

	"github.com/plimsoll-dev/plimsoll"
)

// PutAnalysis keeps an analysis run as all its reports add up to it, and
// returns the service it belonged to before, "" if it is new.
func (tx *Tx) PutAnalysis(a plimsoll.AnalysisReport) (before string, err error) {
	if _, err := tx.one(`SELECT service FROM analysis_reports WHERE org = ? AND id = ?`, tx.args(a.ID), &before); err != nil {
		return "", err
	}
	doc, err := json.Marshal(a)
	if err != nil {
		return "", err
	}
	err = tx.write(`INSERT INTO analysis_reports (org, id, service, doc) VALUES (?, ?, ?, ?)
		ON CONFLICT (org, id) DO UPDATE SET service = excluded.service, doc = excluded.doc`, tx.org, a.ID, a.Service, doc)
	return before, err
}

// ReportedAnalyses returns what was reported of the analysis runs of a service.
func (tx *Tx) ReportedAnalyses(service string) ([]plimsoll.AnalysisReport, error) {
	return docs[plimsoll.AnalysisReport](tx, `SELECT doc FROM analysis_reports WHERE org = ? AND service = ? ORDER BY id`, service)
}

func analysisRows(analyses []plimsoll.Analysis) ([]version, error) {
	rows := make([]version, 0, len(analyses))
	for _, a := range analyses {
		doc, err := json.Marshal(a)
		if err != nil {
			return nil, err
		}
		rows = append(rows, version{
			key:  []any{a.ID},
			rest: []any{a.Environment, a.Production, a.Team, a.Phase, a.BegunAt(), a.EndedAt(), a.Of, string(doc)},
			from: a.BegunAt(), to: a.EndedAt(),
		})
	}
	return rows, nil
}

// PutAnalyses makes analyses the current ones of a service as of event seq.
func (tx *Tx) PutAnalyses(service string, analyses []plimsoll.Analysis, seq int64) error {
	rows, err := analysisRows(analyses)
	if err != nil {
		return err
	}
	span, ok, err := tx.replace(analysisTable, []any{service}, rows, seq)
	if err != nil || !ok {
		return err
	}
	return tx.noteChange(service, FactAnalyses, span, seq)
}

// AnalysisPoints hands the end and the phase of each current analysis run of
// the filter to fn, by the time they ended.
func (tx *Tx) AnalysisPoints(f Filter, fn func(ended plimsoll.Time, phase string)) error {
	where, args := tx.where(f, "analyses", "ended_at")
	held, at := tx.held("")
	return tx.each(`SELECT ended_at, phase FROM analyses WHERE org = ? AND `+held+where+` ORDER BY ended_at`,
		append(tx.args(at...), args...), func(rows *sql.Rows) error {
			var at plimsoll.Time
			var phase string
			err := rows.Scan(&at, &phase)
			fn(at, phase)
			return err
		})
}

// AnalysesOf returns the current analysis runs that judged a deployment, by time.
func (tx *Tx) AnalysesOf(deployment string) ([]plimsoll.Analysis, error) {
	held, at := tx.held("")
	return docs[plimsoll.Analysis](tx, `SELECT doc FROM analyses WHERE org = ? AND deployment = ? AND `+held+` ORDER BY ended_at, id`,
		append([]any{deployment}, at...)...)
}

// RolloutPoint is what the measures of roll-outs, and of how evenly they are
// spread, need of a deployment. Spans are microseconds, −1 when not known.
type RolloutPoint struct {
	Service, Team      string
	Kind               plimsoll.Kind
	Result             plimsoll.Result
	Counted            bool
	EndedAt            plimsoll.Time
	Took, Waited, Full int64
	Group              string // joins the regions of one release, "" if none
}

// RolloutPoints hands every current deployment of the filter to fn, by the time
// they ended.
func (tx *Tx) RolloutPoints(f Filter, fn func(RolloutPoint)) error {
	where, args := tx.where(f, "deployments", "ended_at")
	held, at := tx.held("")
	return tx.each(`SELECT service, team, kind, result, counted, ended_at, took, waited, to_full, release FROM deployments
		WHERE org = ? AND `+held+where+` ORDER BY ended_at, id`, append(tx.args(at...), args...), func(rows *sql.Rows) error {
		var p RolloutPoint
		err := rows.Scan(&p.Service, &p.Team, &p.Kind, &p.Result, &p.Counted, &p.EndedAt, &p.Took, &p.Waited, &p.Full, &p.Group)
		fn(p)
		return err
	})
}

// RepairPoint has the stamps between a failure and its end; what nobody stated
// is unknown.
type RepairPoint struct {
	Service                                                           string
	FailedAt, DetectedAt, DiagnosedAt, FixBegunAt, FixEndedAt, Solved plimsoll.Time
}

// RepairPoints hands the stages of each current failure of the filter to fn, by
// the time they began.
func (tx *Tx) RepairPoints(f Filter, fn func(RepairPoint)) error {
	where, args := tx.where(f, "failures", "failed_at")
	held, at := tx.held("")
	return tx.each(`SELECT service, failed_at, detected_at, diagnosed_at, fix_begun_at, fix_ended_at, resolved_at FROM failures
		WHERE org = ? AND `+held+where+` ORDER BY failed_at`, append(tx.args(at...), args...), func(rows *sql.Rows) error {
		var p RepairPoint
		err := rows.Scan(&p.Service, &p.FailedAt, &p.DetectedAt, &p.DiagnosedAt, &p.FixBegunAt, &p.FixEndedAt, &p.Solved)
		fn(p)
		return err
	})
}
