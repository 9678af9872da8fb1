package store

import (
	"database/sql"
	"encoding/json"
	"math/bits"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// The reads behind an explanation: the facts that a number is made of, and
// those it leaves out, page by page with their ids.

// overhang is how long after a window a deployment that began in it is looked
// for: few roll-outs take longer than a day.
const overhang = 24 * time.Hour

// DeploymentSight is what an explanation shows of a deployment.
type DeploymentSight struct {
	DeploymentPoint
	Environment, Version, CommitSHA, Team string
	Strategy                              string
	Took, Waited, Full                    int64 // microseconds, −1 when not known
	Production                            bool
	Evidence                              bool // there is some against it
}

// inOrAcross selects deployments that ended in the window, and those that
// began in it and ended within the overhang.
func inOrAcross(w plimsoll.Window) (string, []any) {
	return " AND ended_at >= ? AND ended_at < ? AND (ended_at < ? OR begun_at < ? AND begun_at >= ?)",
		[]any{w.From, w.To.Add(overhang), w.To, w.To, w.From}
}

// everywhere is the filter for the facts of every environment.
func (f Filter) everywhere() Filter {
	f.Environment, f.Production = "", false
	return f
}

// DeploymentSights returns a page of the current deployments of a service, a
// team or the organisation in every environment, the latest first: those of
// the window, and those that began in it and ended within a day after.
func (tx *Tx) DeploymentSights(f Filter, p Page) ([]DeploymentSight, error) {
	in, more := inOrAcross(f.Window)
	f = f.everywhere()
	f.Window = plimsoll.Window{}
	where, args := tx.where(f, "deployments", "")
	args = append(args, more...)
	after, more := p.where("ended_at", "id")
	args = append(append(args, more...), p.Limit)
	return tx.deploymentSights(where+in+after+" ORDER BY ended_at DESC, id DESC LIMIT ?", args)
}

// DeploymentsSetAside returns the current deployments of the filter, its window
// among it, against which there is evidence that was rejected or discounted.
func (tx *Tx) DeploymentsSetAside(f Filter) ([]DeploymentSight, error) {
	where, args := tx.where(f, "deployments", "ended_at")
	holds, at := tx.held("")
	args = append(append(args, tx.org), at...)
	return tx.deploymentSights(where+` AND id IN (SELECT deployment FROM evidence WHERE org = ? AND `+holds+
		` AND status IN ('rejected', 'discounted'))`, args)
}

func (tx *Tx) deploymentSights(where string, args []any) ([]DeploymentSight, error) {
	known, at := tx.held("e.")
	holds, then := tx.held("")
	args = append(append(append(at, tx.org), then...), args...)
	var out []DeploymentSight
	err := tx.each(`SELECT id, service, kind, result, counted, judged, begun_at, ended_at, oldest_at, commit_sha <> '', coverage, repairs, planned,
			environment, version, commit_sha, team, coalesce(json_extract(doc, '$.strategy'), ''), took, waited, to_full, production,
			EXISTS (SELECT 1 FROM evidence e WHERE e.org = deployments.org AND `+known+` AND e.deployment = deployments.id)
		FROM deployments WHERE org = ? AND `+holds+where, args, func(rows *sql.Rows) error {
		var d DeploymentSight
		err := rows.Scan(&d.ID, &d.Service, &d.Kind, &d.Result, &d.Counted, &d.Judged, &d.BegunAt, &d.EndedAt, &d.OldestAt, &d.Commit, &d.Coverage,
			&d.Repairs, &d.Planned, &d.Environment, &d.Version, &d.CommitSHA, &d.Team, &d.Strategy, &d.Took, &d.Waited, &d.Full, &d.Production, &d.Evidence)
		out = append(out, d)
		return err
	})
	return out, err
}

// CountDeployments counts the current deployments of a service, a team or the
// organisation that ended in the window, in every environment.
func (tx *Tx) CountDeployments(f Filter) (n int, err error) {
	where, args := tx.where(f.everywhere(), "deployments", "ended_at")
	holds, at := tx.held("")
	_, err = tx.one(`SELECT count(*) FROM deployments WHERE org = ? AND `+holds+where, append(tx.args(at...), args...), &n)
	return n, err
}

// CountEndedAfter counts the current deployments of the filter that began in
// the window and ended within a day after it.
func (tx *Tx) CountEndedAfter(f Filter) (n int, err error) {
	w := f.Window
	f.Window = plimsoll.Window{From: w.To, To: w.To.Add(overhang)}
	where, args := tx.where(f, "deployments", "ended_at")
	args = append(args, w.To, w.From)
	holds, at := tx.held("")
	_, err = tx.one(`SELECT count(*) FROM deployments WHERE org = ? AND `+holds+where+` AND begun_at < ? AND begun_at >= ?`,
		append(tx.args(at...), args...), &n)
	return n, err
}

// AnalysisSights returns a page of the current analysis runs of the filter that
// ended in its window, in every environment, the latest first.
func (tx *Tx) AnalysisSights(f Filter, p Page) ([]plimsoll.Analysis, error) {
	where, args := tx.where(f.everywhere(), "analyses", "ended_at")
	after, more := p.where("ended_at", "id")
	args = append(append(args, more...), p.Limit)
	holds, at := tx.held("")
	return docs[plimsoll.Analysis](tx, `SELECT doc FROM analyses WHERE org = ? AND `+holds+where+after+
		` ORDER BY ended_at DESC, id DESC LIMIT ?`, append(at, args...)...)
}

// CountAnalyses counts the current analysis runs of the filter that ended in its
// window, in every environment.
func (tx *Tx) CountAnalyses(f Filter) (n int, err error) {
	where, args := tx.where(f.everywhere(), "analyses", "ended_at")
	holds, at := tx.held("")
	_, err = tx.one(`SELECT count(*) FROM analyses WHERE org = ? AND `+holds+where, append(tx.args(at...), args...), &n)
	return n, err
}

// LeadPart is one of the three parts that the lead times around a window fall
// into.
type LeadPart int

// The parts. The last two hold only what began before the end of the window.
const (
	LeadsDelivered LeadPart = iota // in the window
	LeadsOpen                      // not at all
	LeadsLater                     // after the window
)

// LeadSights returns a page of one part of the lead times around a window: the
// latest delivered first, the latest begun of those still open, and the first
// delivered of those delivered later.
//
// Whoever knows better than an index where to look may give moments of delivery,
// and gets nothing that was not delivered at one of them; nil is no such bound.
func (tx *Tx) LeadSights(f Filter, basis plimsoll.Basis, part LeadPart, moments []plimsoll.Time, p Page) ([]Lead, error) {
	if moments != nil && len(moments) == 0 {
		return nil, nil
	}
	holds, at := tx.held("l.")
	where, args := "", append([]any{string(basis)}, at...)
	and := func(clause string, more ...any) {
		where += " AND " + clause
		args = append(args, more...)
	}
	scope, scoped := tx.leadWhere(f)
	where += scope
	args = append(args, scoped...)
	order := " DESC"
	time := "l.delivered_at"
	switch part {
	case LeadsDelivered:
		and("l.delivered_at >= ? AND l.delivered_at < ?", max(f.Window.From, 1), f.Window.To)
	case LeadsOpen:
		time = "l.start_at"
		and("l.delivered_at = 0 AND l.start_at < ?", f.Window.To)
	case LeadsLater:
		order = ""
		and("l.delivered_at >= ? AND l.start_at < ?", f.Window.To, f.Window.To)
	}
	if moments != nil {
		// Of a power of two, so that there are few different statements.
		n := 1 << bits.Len(uint(len(moments)-1))
		more := make([]any, n)
		for i := range more {
			more[i] = moments[min(i, len(moments)-1)]
		}
		and("l.delivered_at IN (?"+strings.Repeat(", ?", n-1)+")", more...)
	}
	switch {
	case p.ID == "" && p.Before == 0:
	case part == LeadsLater:
		and(time+" >= ? AND ("+time+" > ? OR "+leadPageID+" > ?)", p.Before, p.Before, p.ID)
	default:
		after, more := p.where(time, leadPageID)
		where += after
		args = append(args, more...)
	}
	return tx.leads(`SELECT `+leadColumns+` WHERE l.org = ? AND l.basis = ? AND `+holds+where+
		` ORDER BY `+time+order+`, `+leadPageID+order+` LIMIT ?`, append(args, p.Limit)...)
}

// FailureSights returns a page of the current failures that began before the
// end of the window and were not over before its start, the latest first.
func (tx *Tx) FailureSights(f Filter, p Page) ([]plimsoll.Failure, error) {
	from := f.Window.From
	f.Window.From = 0
	where, args := tx.where(f, "failures", "failed_at")
	after, more := p.where("failed_at", "id")
	args = append(append(append(args, from, from), more...), p.Limit)
	holds, at := tx.held("")
	return docs[plimsoll.Failure](tx, `SELECT doc FROM failures WHERE org = ? AND `+holds+where+
		` AND (failed_at >= ? OR restored_at = 0 OR restored_at >= ?)`+after+` ORDER BY failed_at DESC, id DESC LIMIT ?`, append(at, args...)...)
}

// CountSharedSpans counts the deployments that share the span of a failure of
// the window with the one that began it.
func (tx *Tx) CountSharedSpans(f Filter) (n int, err error) {
	where, args := tx.where(f, "failures", "failed_at")
	holds, at := tx.held("")
	_, err = tx.one(`SELECT coalesce(sum(json_array_length(doc, '$.deployments') - 1), 0) FROM failures WHERE org = ? AND `+holds+where,
		append(tx.args(at...), args...), &n)
	return n, err
}

// IncidentSight is an incident, and whether there is accepted evidence from
// incidents against what it is held against.
type IncidentSight struct {
	plimsoll.Incident
	Accepted bool
}

// accepted is the expression for IncidentSight.Accepted, with its arguments.
func (tx *Tx) accepted() (string, []any) {
	holds, at := tx.held("e.")
	return `EXISTS (SELECT 1 FROM evidence e WHERE e.org = incidents.org AND e.deployment = incidents.attributed_to
		AND e.kind = 'incident' AND e.accepted = 1 AND ` + holds + `)`, at
}

// IncidentSights returns a page of the current incidents of any environment
// that began before the end of the window and were not over before its start,
// the latest first.
func (tx *Tx) IncidentSights(f Filter, p Page) ([]IncidentSight, error) {
	from := f.Window.From
	f.Window.From, f.Production = 0, false
	where, args := tx.incidentWhere(f)
	after, more := p.where("begun_at", "id")
	args = append(append(append(args, from, from), more...), p.Limit)
	accepted, lead := tx.accepted()
	holds, at := tx.held("")
	args = append(append(append(lead, tx.org), at...), args...)
	var out []IncidentSight
	err := tx.each(`SELECT doc, `+accepted+` FROM incidents WHERE org = ? AND `+holds+where+
		` AND (begun_at >= ? OR resolved_at = 0 OR resolved_at >= ?)`+after+` ORDER BY begun_at DESC, id DESC LIMIT ?`,
		args, func(rows *sql.Rows) error {
			var doc []byte
			var i IncidentSight
			if err := rows.Scan(&doc, &i.Accepted); err != nil {
				return err
			}
			out = append(out, i)
			return json.Unmarshal(doc, &out[len(out)-1].Incident)
		})
	return out, err
}

// IncidentCount says how many incidents of a window are alike.
type IncidentCount struct {
	Production, Attributed, Accepted bool
	N                                int
}

// CountIncidents counts the current incidents that began in the window, of any
// environment.
func (tx *Tx) CountIncidents(f Filter) ([]IncidentCount, error) {
	f.Production = false
	where, args := tx.incidentWhere(f)
	accepted, lead := tx.accepted()
	holds, at := tx.held("")
	args = append(append(append(lead, tx.org), at...), args...)
	var out []IncidentCount
	err := tx.each(`SELECT production, attributed_to <> '', `+accepted+`, count(*) FROM incidents WHERE org = ? AND `+holds+where+
		` GROUP BY 1, 2, 3`, args, func(rows *sql.Rows) error {
		var c IncidentCount
		err := rows.Scan(&c.Production, &c.Attributed, &c.Accepted, &c.N)
		out = append(out, c)
		return err
	})
	return out, err
}
