package query

import (
	"cmp"
	"errors"
	"slices"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/cells"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// figures is where the numbers of one scope and window come from. There are two sources, which must
// agree to the last bit: the cells in memory, and the rows of the store for everything that cells do not
// keep.
type figures interface {
	measure(asked Asked, p metric.Period, bench *metric.Benchmark, scope plimsoll.Scope) Measures
	series(m metric.Measure, p metric.Period, unit metric.Unit) []metric.Point
	leads() []LeadPoint
}

// figures are those of a filter, over its window.
func (d *Desk) figures(tx *store.Tx, f store.Filter, position int64) (figures, error) {
	all, err := d.figuresOf(tx, f, position, f.Window)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// figuresOf are those of several windows, all of which lie in that of the filter.
func (d *Desk) figuresOf(tx *store.Tx, f store.Filter, position int64, windows ...plimsoll.Window) ([]figures, error) {
	out := make([]figures, len(windows))
	s, err := d.inMemory(tx, f)
	if err != nil {
		return nil, err
	}
	if s != nil {
		for i := range windows {
			out[i] = fromCells{s, cells.Scope{Service: f.Service, Team: f.Team}, windows[i]}
		}
		return out, nil
	}
	c, err := d.columns(tx, f, position)
	if err != nil {
		return nil, err
	}
	for i, w := range windows {
		out[i] = c.cut(w)
	}
	return out, nil
}

// facts are the rows themselves, of the store: for whoever must name them.
func (d *Desk) facts(tx *store.Tx, f store.Filter, position int64) (facts, error) {
	c, err := d.columns(tx, f, position)
	if err != nil {
		return facts{}, err
	}
	return c.cut(f.Window), nil
}

// inMemory is the state of the cells for a snapshot; nil when the rows must be asked.
func (d *Desk) inMemory(tx *store.Tx, f store.Filter) (*cells.State, error) {
	if d.cells == nil || tx.Past() || !inCells(f) || d.cells.Zone().String() != d.zone.String() {
		return nil, nil
	}
	s, err := d.cells.At(tx)
	if errors.Is(err, cells.ErrPassed) {
		return nil, errAgain
	}
	return s, err
}

// errAgain asks view for a fresh snapshot.
var errAgain = errors.New("query: the snapshot is older than what is in memory")

// inCells reports whether cells keep what a filter selects: production, by service or team.
func inCells(f store.Filter) bool {
	rest := f
	rest.Service, rest.Team, rest.Window, rest.Production = "", "", plimsoll.Window{}, false
	return f.Production && rest == store.Filter{} && (f.Service == "" || f.Team == "")
}

// fromCells are figures out of memory.
type fromCells struct {
	state  *cells.State
	scope  cells.Scope
	window plimsoll.Window
}

func (in fromCells) question(p metric.Period, bench *metric.Benchmark) cells.Question {
	return cells.Question{Scope: in.scope, Period: p, Delay: provisionalDelay, Benchmark: bench}
}

func (in fromCells) measure(asked Asked, p metric.Period, bench *metric.Benchmark, _ plimsoll.Scope) Measures {
	a := in.state.Measures(in.question(p, bench))
	return Measures{
		Asked: asked, Benchmark: bench.Name, DeploymentFrequency: a.Frequency, LeadTime: a.LeadTime, ChangeFailureRate: a.Failure,
		TimeToRestore: a.Restore, ReworkRate: a.Rework, RollbackRate: a.Rollbacks, DataQuality: qualityOf(a.Tally),
	}
}

func (in fromCells) series(m metric.Measure, p metric.Period, unit metric.Unit) []metric.Point {
	return in.state.Series(in.question(p, nil), m, unit)
}

func (in fromCells) leads() []LeadPoint {
	var out []LeadPoint
	in.state.Oldest(cells.Question{Scope: in.scope, Period: metric.Period{Window: in.window}}, func(ended, oldest plimsoll.Time) {
		out = append(out, leadPoint(ended, oldest))
	})
	slices.SortStableFunc(out, func(a, b LeadPoint) int { return cmp.Compare(a.At, b.At) })
	return out
}

func leadPoint(ended, oldest plimsoll.Time) LeadPoint {
	p := LeadPoint{At: ended}
	if oldest.Known() {
		s := ended.Seconds(oldest)
		p.Seconds = &s
	}
	return p
}

func (in facts) leads() []LeadPoint {
	var out []LeadPoint
	for _, x := range in.deployments {
		out = append(out, leadPoint(x.EndedAt, x.OldestAt))
	}
	return out
}
