package cells

import (
	"sync"
	"sync/atomic"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// The kinds of time that details are made of: first the stages of lead time, by their index, then those
// of roll-outs.
const (
	ofTook = stages + iota
	ofWaiting
	ofActive
	ofFull
	kinds
)

// every asks for all kinds.
const every = -1

// gathered is what the roll-outs and the delivered changes of some window add up to.
type gathered struct {
	metric.StageSample // without its spans
	reached            int
	only               int // kind whose times are wanted, or every
	spans              [kinds]values
}

func (g *gathered) wants(kind int) bool { return g.only == every || g.only == kind }

func (p pick) collectDetails(w plimsoll.Window, out *gathered) {
	if out.only == every || out.only >= stages {
		p.collectRollouts(w, out)
	}
	if out.only < stages {
		p.ways.collect(p, w, out)
	}
}

// summary is what one day has of them. It is made when it is first asked for, and as long as the cell is
// that of the day it stays what it is.
type summary struct {
	metric.StageSample
	reached int
	runs    [kinds]*metric.Run
}

// groups are those of a month, together.
type groups struct {
	metric.StageSample
	reached int
	runs    [kinds]*metric.Group
}

// lazy is made once, by the first who asks.
type lazy[T any] struct {
	mu   sync.Mutex
	made atomic.Pointer[T]
}

func (l *lazy[T]) get(build func() *T) *T {
	if v := l.made.Load(); v != nil {
		return v
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if v := l.made.Load(); v != nil {
		return v
	}
	v := build()
	l.made.Store(v)
	return v
}

// worthTable is the number of values from which the table of a run takes little beside them.
const worthTable = 8192

func (s *State) summary(day int, c *cell) *summary {
	return c.summary.get(func() *summary {
		w := plimsoll.Window{From: plimsoll.Time(s.calendar.start(day)), To: plimsoll.Time(s.calendar.start(day + 1))}
		g := gathered{only: every}
		for _, b := range s.blocks {
			pick{b, everyTeam}.collectDetails(w, &g)
		}
		out := &summary{StageSample: g.StageSample, reached: g.reached}
		for k := range out.runs {
			if out.runs[k] = g.spans[k].bare(); out.runs[k] != nil && out.runs[k].Len() >= worthTable {
				out.runs[k].Tabled()
			}
		}
		return out
	})
}

func (s *State) groups(m *month) *groups {
	return m.groups.get(func() *groups {
		out := &groups{}
		var runs [kinds][]*metric.Run
		for day := m.from; day < m.to; day++ {
			c := s.cells[day]
			if c == nil {
				continue
			}
			d := s.summary(day, c)
			out.Merge(d.StageSample)
			out.reached += d.reached
			for k, r := range d.runs {
				if r != nil {
					runs[k] = append(runs[k], r)
				}
			}
		}
		for k := range runs {
			out.runs[k] = metric.NewGroup(runs[k])
		}
		return out
	})
}

// warm makes what the first question about the organisation would have to wait for.
func (s *State) warm() {
	for _, m := range s.months {
		s.groups(m)
	}
}

// detailed is what a window adds up to.
type detailed struct {
	metric.StageSample
	reached int
	runs    [kinds]metric.Runs
}

func (t *detailed) rollouts() metric.Rollouts {
	return metric.Rollouts{Reached: t.reached, Took: &t.runs[ofTook], Waiting: &t.runs[ofWaiting], Active: &t.runs[ofActive], Full: &t.runs[ofFull]}
}

// details adds up a window: for the organisation whole days and months, else all of it from the columns.
func (v *view) details(w plimsoll.Window, only int) *detailed {
	out := &detailed{}
	if w.From >= w.To {
		return out
	}
	edge := func(w plimsoll.Window) {
		g := gathered{only: only}
		for _, p := range v.picks {
			p.collectDetails(w, &g)
		}
		out.Merge(g.StageSample)
		out.reached += g.reached
		for k := range g.spans {
			g.spans[k].runs(out.runs[k].Add)
		}
	}
	if !v.org {
		edge(w)
		return out
	}
	v.walk(w, walker{
		edge: edge,
		day: func(day int, c *cell) {
			d := v.summary(day, c)
			out.Merge(d.StageSample)
			out.reached += d.reached
			for k, r := range d.runs {
				out.runs[k].Add(r)
			}
		},
		month: func(m *month) {
			g := v.groups(m)
			out.Merge(g.StageSample)
			out.reached += g.reached
			for k, r := range g.runs {
				out.runs[k].AddGroup(r)
			}
		},
	})
	return out
}

// bytes is about how much memory the summary takes, if it was made.
func (s *lazy[T]) bytes(of func(*T) int) int {
	if v := s.made.Load(); v != nil {
		return of(v)
	}
	return 0
}

func (d *summary) bytes() int {
	n := 400
	for _, r := range d.runs {
		n += r.Bytes()
	}
	return n
}

func (g *groups) bytes() int {
	n := 400
	for _, r := range g.runs {
		n += r.Bytes()
	}
	return n
}
