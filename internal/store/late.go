package store

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

// VersionChange says that versions of a fact began or ended with an event, which is
// the last of a portion that was folded together.
type VersionChange struct {
	Seq          int64
	Fact         string // one of the kinds of fact_changes
	ID           string // of a change REPOSITORY@SHA, of a pull request REPOSITORY#NUMBER
	Services     []string
	Begun, Ended bool // both: it changed
}

// VersionChanges returns what changed after one event and up to another among the
// facts that the measures of a filter and its window are computed from, in the
// order of the log. The window must have an end.
func (tx *Tx) VersionChanges(f Filter, after, upTo int64) ([]VersionChange, error) {
	c := changed{tx: tx, f: f, after: after, upTo: upTo, found: map[changeKey]*VersionChange{}}
	steps := []func() error{c.deployments, c.evidence, c.analyses}
	if f.Production {
		steps = append(steps, c.leads, c.failures, c.incidents)
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	out := make([]VersionChange, 0, len(c.found))
	for _, x := range c.found {
		slices.Sort(x.Services)
		x.Services = slices.Compact(x.Services)
		out = append(out, *x)
	}
	slices.SortFunc(out, func(a, b VersionChange) int {
		return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Fact, b.Fact), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

type changeKey struct {
	seq      int64
	fact, id string
}

type changed struct {
	tx          *Tx
	f           Filter
	after, upTo int64
	found       map[changeKey]*VersionChange
}

// turned is the condition that a version began or ended in the span.
const turned = ` WHERE org = ? AND to_seq > ? AND from_seq <= ? AND (from_seq > ? OR to_seq <= ?)`

func (c *changed) args(more ...any) []any {
	return append(c.tx.args(c.after, c.upTo, c.after, c.upTo), more...)
}

func (c *changed) add(fact, id string, from, to int64, services ...string) {
	note := func(seq int64) *VersionChange {
		k := changeKey{seq, fact, id}
		if c.found[k] == nil {
			c.found[k] = &VersionChange{Seq: seq, Fact: fact, ID: id}
		}
		for _, s := range services {
			if s != "" {
				c.found[k].Services = append(c.found[k].Services, s)
			}
		}
		return c.found[k]
	}
	if from > c.after && from <= c.upTo {
		note(from).Begun = true
	}
	if to > c.after && to <= c.upTo {
		note(to).Ended = true
	}
}

// deployments finds those that ended in the window, and those with which the
// record of their service begins or began, wherever: the days of record follow
// from them, and whether there is a record at all.
func (c *changed) deployments() error {
	before, err := c.tx.AsOf(c.after).FirstDeployments(c.f)
	if err != nil {
		return err
	}
	now, err := c.tx.AsOf(c.upTo).FirstDeployments(c.f)
	if err != nil {
		return err
	}
	of := c.f
	of.Window = plimsoll.Window{}
	where, args := c.tx.where(of, "deployments", "")
	return c.tx.each(`SELECT id, service, from_seq, to_seq, ended_at, counted FROM deployments`+turned+where,
		c.args(args...), func(rows *sql.Rows) error {
			var id, service string
			var from, to int64
			var ended plimsoll.Time
			var counted bool
			err := rows.Scan(&id, &service, &from, &to, &ended, &counted)
			// One that came and went again was first for a while, too.
			then, at := before[service], now[service]
			first := counted && (then.Known() && ended <= then || !at.Known() || ended <= at)
			if c.f.Window.Contains(ended) || first {
				c.add(FactDeployments, id, from, to, service)
			}
			return err
		})
}

// rows hands the versions that a query selects to add.
func (c *changed) rows(fact, query string, args []any) error {
	return c.tx.each(query, args, func(rows *sql.Rows) error {
		var id, service string
		var from, to int64
		err := rows.Scan(&id, &service, &from, &to)
		c.add(fact, id, from, to, service)
		return err
	})
}

func (c *changed) evidence() error {
	where, args := c.tx.where(c.f, "deployments", "ended_at")
	return c.rows(FactEvidence, `SELECT id, service, from_seq, to_seq FROM evidence`+turned+` AND deployment IN (
		SELECT id FROM deployments WHERE org = ? AND to_seq > ? AND from_seq <= ?`+where+`)`,
		append(c.args(c.tx.org, c.after, c.upTo), args...))
}

func (c *changed) analyses() error {
	where, args := c.tx.where(c.f, "analyses", "ended_at")
	return c.rows(FactAnalyses, `SELECT id, service, from_seq, to_seq FROM analyses`+turned+where, append(c.args(), args...))
}

func (c *changed) leads() error {
	where, args := c.tx.leadWhere(c.f)
	return c.rows(FactLeadTimes, `SELECT repository || CASE basis WHEN 'change' THEN '@' ELSE '#' END || key, service, from_seq, to_seq
		FROM lead_times`+turned+` AND start_at < ? AND (delivered_at = 0 OR delivered_at >= ?)`+where,
		append(c.args(c.f.Window.To, c.f.Window.From), args...))
}

func (c *changed) failures() error {
	of := c.f
	of.Window = plimsoll.Window{}
	where, args := c.tx.where(of, "failures", "")
	return c.rows(FactFailures, `SELECT id, service, from_seq, to_seq FROM failures`+turned+`
		AND failed_at < ? AND (failed_at >= ? OR restored_at = 0 OR restored_at >= ?)`+where,
		append(c.args(c.f.Window.To, c.f.Window.From, c.f.Window.From), args...))
}

func (c *changed) incidents() error {
	of := c.f
	of.Window = plimsoll.Window{}
	// The services that they named then, not those that they name now.
	where, args := c.tx.AsOf(c.upTo).incidentWhere(of)
	return c.tx.each(`SELECT id, from_seq, to_seq, doc FROM incidents`+turned+`
		AND begun_at < ? AND (begun_at >= ? OR resolved_at = 0 OR resolved_at >= ?)`+where,
		append(c.args(c.f.Window.To, c.f.Window.From, c.f.Window.From), args...), func(rows *sql.Rows) error {
			var id, doc string
			var from, to int64
			if err := rows.Scan(&id, &from, &to, &doc); err != nil {
				return err
			}
			services, err := incidentServices(doc)
			c.add(FactIncidents, id, from, to, services...)
			return err
		})
}

// incidentServices are the services that an incident touches: those it names,
// and those of the deployments that it is or could be held against.
func incidentServices(doc string) ([]string, error) {
	var i plimsoll.Incident
	if err := json.Unmarshal([]byte(doc), &i); err != nil {
		return nil, err
	}
	out := append(slices.Clone(i.Services), i.CauseService)
	for _, c := range i.Candidates {
		out = append(out, c.Service)
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" }), nil
}

// Related adds to a set of services those that share an incident with one of
// them between two events: what an incident is held against follows from the
// deployments of all of them.
func (tx *Tx) Related(services map[string]bool, after, upTo int64) error {
	more := map[string]bool{}
	err := tx.each(`SELECT doc FROM incidents WHERE org = ? AND to_seq > ? AND from_seq <= ?`, tx.args(after, upTo), func(rows *sql.Rows) error {
		var doc string
		if err := rows.Scan(&doc); err != nil {
			return err
		}
		of, err := incidentServices(doc)
		if slices.ContainsFunc(of, func(s string) bool { return services[s] }) {
			for _, s := range of {
				more[s] = true
			}
		}
		return err
	})
	maps.Copy(services, more)
	return err
}

// About is an event with the services whose facts may follow from it.
type About struct {
	Seq        int64
	RecordedAt plimsoll.Time
	OccurredAt plimsoll.Time
	Type       plimsoll.Type
	Subject    string
	Source     string
	Services   []string
	Every      bool // it may concern every service
}

// EventsAbout hands every event after one and up to another to fn, in order.
func (tx *Tx) EventsAbout(after, upTo int64, fn func(About) error) error {
	var list []About
	err := tx.each(`SELECT seq, recorded_at, occurred_at, type, subject, source FROM events WHERE org = ? AND seq > ? AND seq <= ? ORDER BY seq`,
		tx.args(after, upTo), func(rows *sql.Rows) error {
			var a About
			err := rows.Scan(&a.Seq, &a.RecordedAt, &a.OccurredAt, &a.Type, &a.Subject, &a.Source)
			list = append(list, a)
			return err
		})
	if err != nil {
		return err
	}
	known := map[string][]string{}
	for _, a := range list {
		key := string(a.Type) + " " + a.Subject
		if _, ok := known[key]; !ok {
			if known[key], err = tx.servicesOf(a.Type, a.Subject); err != nil {
				return err
			}
		}
		a.Services = known[key]
		a.Every = a.Services == nil
		if err := fn(a); err != nil {
			return err
		}
	}
	return nil
}

// servicesOf returns the services whose facts may follow from reports about a
// subject; nil means that any may.
func (tx *Tx) servicesOf(typ plimsoll.Type, subject string) ([]string, error) {
	out := []string{}
	add := func(names []string, err error) ([]string, error) { return append(out, names...), err }
	switch typ {
	case plimsoll.TypeDeployment:
		return add(tx.strings(`SELECT service FROM deployment_reports WHERE org = ? AND id = ?
			UNION SELECT service FROM deployments WHERE org = ? AND id = ? ORDER BY 1`, subject, tx.org, subject))
	case plimsoll.TypeChange:
		repository, _, _ := cutLast(subject, "@")
		return add(tx.Followers(repository))
	case plimsoll.TypePullRequest:
		repository, _, _ := cutLast(subject, "#")
		return add(tx.Followers(repository))
	case plimsoll.TypeIncident:
		err := tx.each(`SELECT doc FROM incidents WHERE org = ? AND id = ?`, tx.args(subject), func(rows *sql.Rows) error {
			var doc string
			if err := rows.Scan(&doc); err != nil {
				return err
			}
			of, err := incidentServices(doc)
			out = append(out, of...)
			return err
		})
		slices.Sort(out)
		return slices.Compact(out), err
	case plimsoll.TypeService:
		return []string{subject}, nil
	}
	return nil, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
