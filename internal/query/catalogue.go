package query

import (
	"context"
	"slices"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// ServiceList is the catalogue with every service that was ever deployed.
type ServiceList struct {
	Position int64                    `json:"position"`
	Services []plimsoll.ServiceReport `json:"services"`
}

// Services lists every service, by name. Its team and repository are those of
// the catalogue, else those of its latest deployment.
func (d *Desk) Services(ctx context.Context, minSeq int64) (ServiceList, error) {
	out := ServiceList{Services: []plimsoll.ServiceReport{}}
	err := d.view(ctx, minSeq, func(tx *store.Tx, position int64) error {
		out.Position = position
		names, err := tx.ServiceNames()
		if err != nil {
			return err
		}
		for _, name := range names {
			s, err := service(tx, name)
			if err != nil {
				return err
			}
			out.Services = append(out.Services, s)
		}
		return nil
	})
	return out, err
}

func service(tx *store.Tx, name string) (plimsoll.ServiceReport, error) {
	s, err := tx.Service(name)
	if err != nil || s.Team != "" && s.Repository != "" {
		return s, err
	}
	latest, err := tx.Deployments(store.Filter{Service: name}, store.Page{Limit: 1})
	if err != nil || len(latest) == 0 {
		return s, err
	}
	if s.Team == "" {
		s.Team = latest[0].Team
	}
	if s.Repository == "" {
		s.Repository = latest[0].Repository
	}
	return s, nil
}

// Service returns one service, and CodeNotFound for one nobody ever named.
func (d *Desk) Service(ctx context.Context, name string) (plimsoll.ServiceReport, error) {
	var out plimsoll.ServiceReport
	err := d.view(ctx, 0, func(tx *store.Tx, _ int64) (err error) {
		names, err := tx.ServiceNames()
		if err != nil {
			return err
		}
		for _, n := range names {
			if n == name {
				out, err = service(tx, name)
				return err
			}
		}
		return plimsoll.Errorf(plimsoll.CodeNotFound, "no service %q; nothing was ever deployed or catalogued under that name", name)
	})
	return out, err
}

// TeamList is every team.
type TeamList struct {
	Position int64    `json:"position"`
	Teams    []string `json:"teams"`
}

// Teams lists every team, by name.
func (d *Desk) Teams(ctx context.Context, minSeq int64) (TeamList, error) {
	out := TeamList{Teams: []string{}}
	err := d.view(ctx, minSeq, func(tx *store.Tx, position int64) error {
		out.Position = position
		names, err := tx.Teams()
		out.Teams = append(out.Teams, names...)
		return err
	})
	return out, err
}

// Tile is one of the four keys for a page: now, before, and bucket by bucket.
type Tile struct {
	Measure  metric.Measure
	Delta    metric.Delta
	Series   []metric.Point
	Previous []metric.Point // of the period of the same length before
}

// Summary is what a page shows of a scope: the measures of a window and of the
// window before it, and how each went.
type Summary struct {
	Now, Before Measures
	Tiles       []Tile // in the order of the four keys
	Leads       []LeadPoint
}

// LeadPoint is the oldest lead time of one deployment.
type LeadPoint struct {
	At      plimsoll.Time
	Seconds *float64 // nil when the deployment brought no known change
}

// fourKeys are the tiles of every page, in order.
var fourKeys = []metric.Measure{metric.DeploymentFrequency, metric.LeadTime, metric.ChangeFailureRate, metric.TimeToRestore}

// Summary answers a page about a scope.
func (d *Desk) Summary(ctx context.Context, q Question, unit metric.Unit) (Summary, error) {
	var out Summary
	bench, err := metric.BenchmarkNamed(q.Benchmark)
	if err != nil {
		return out, err
	}
	before := q
	before.Window = plimsoll.Window{From: q.Window.From - (q.Window.To - q.Window.From), To: q.Window.From}
	var now, then figures
	var position int64
	err = d.view(ctx, q.MinSeq, func(tx *store.Tx, at int64) error {
		position = at
		f, err := q.filter()
		if err != nil {
			return err
		}
		f.Window.From = before.Window.From
		both, err := d.figuresOf(tx, f, at, q.Window, before.Window)
		if err != nil {
			return err
		}
		now, then = both[0], both[1]
		return nil
	})
	if err != nil {
		return out, err
	}
	out.Now = now.measure(d.asked(q, position), d.period(q), bench, q.Scope)
	out.Before = then.measure(d.asked(before, position), d.period(before), bench, q.Scope)
	for _, m := range fourKeys {
		out.Tiles = append(out.Tiles, Tile{
			Measure:  m,
			Delta:    metric.Difference(out.Before.estimate(m), out.Now.estimate(m)),
			Series:   now.series(m, d.period(q), unit),
			Previous: then.series(m, d.period(before), unit),
		})
	}
	out.Leads = now.leads()
	return out, nil
}

func (m Measures) estimate(which metric.Measure) metric.Estimate {
	switch which {
	case metric.DeploymentFrequency:
		return m.DeploymentFrequency.Estimate()
	case metric.LeadTime:
		return m.LeadTime.Estimate()
	case metric.ChangeFailureRate:
		return m.ChangeFailureRate.Estimate()
	}
	return m.TimeToRestore.Estimate()
}

// ServiceRow is one service on an overview.
type ServiceRow struct {
	Service plimsoll.ServiceReport
	Last    *Deployment // the latest that counts at all; nil when there is none
	Now     Measures
	Weekly  []metric.Point // deployments a week
}

// mostRows bounds the services of an overview; the rest have pages of their own.
const mostRows = 40

// Overview lists the services of a question, those in trouble first, then those
// deployed last.
func (d *Desk) Overview(ctx context.Context, q Question) ([]ServiceRow, error) {
	bench, err := metric.BenchmarkNamed(q.Benchmark)
	if err != nil {
		return nil, err
	}
	var rows []ServiceRow
	err = d.view(ctx, q.MinSeq, func(tx *store.Tx, position int64) error {
		rows = nil
		names, err := tx.LatestServices(mostRows)
		if err != nil {
			return err
		}
		for _, name := range names {
			row, err := d.row(tx, q, name, position, bench)
			if err != nil {
				return err
			}
			rows = append(rows, row)
		}
		return nil
	})
	slices.SortStableFunc(rows, func(a, b ServiceRow) int { return b.Now.TimeToRestore.Open - a.Now.TimeToRestore.Open })
	return rows, err
}

func (d *Desk) row(tx *store.Tx, q Question, name string, position int64, bench *metric.Benchmark) (ServiceRow, error) {
	q.Scope = plimsoll.Scope{Kind: plimsoll.ScopeService, Name: name}
	var row ServiceRow
	f, err := q.filter()
	if err != nil {
		return row, err
	}
	if row.Service, err = service(tx, name); err != nil {
		return row, err
	}
	in, err := d.figures(tx, f, position)
	if err != nil {
		return row, err
	}
	row.Now = in.measure(d.asked(q, position), d.period(q), bench, q.Scope)
	row.Weekly = in.series(metric.DeploymentFrequency, d.period(q), metric.Week)
	last, err := tx.Deployments(store.Filter{Service: name, Production: true}, store.Page{Limit: 1})
	if err != nil || len(last) == 0 {
		return row, err
	}
	full, err := dress(tx, last[0])
	row.Last = &full
	return row, err
}
