package cells

import (
	"cmp"
	"hash/fnv"
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// spansOf is a column of durations some of which are not known; where none is, it takes no room.
type spansOf struct{ column }

// unknown stands for a duration that is not known.
const unknown = -1

func packSpans(values []int64) spansOf {
	known, whole := false, true
	for _, v := range values {
		known = known || v >= 0
		whole = whole && (v < 0 || v%1e6 == 0 && v/1e6 < math.MaxUint32)
	}
	switch {
	case !known:
		return spansOf{}
	case !whole:
		return spansOf{column{micros: slices.Clone(values)}}
	}
	out := spansOf{column{seconds: make([]uint32, len(values))}}
	for i, v := range values {
		out.seconds[i] = math.MaxUint32
		if v >= 0 {
			out.seconds[i] = uint32(v / 1e6)
		}
	}
	return out
}

func (c *spansOf) at(i int) int64 {
	switch {
	case c.seconds != nil:
		if v := c.seconds[i]; v != math.MaxUint32 {
			return int64(v) * 1e6
		}
	case c.micros != nil:
		return c.micros[i]
	}
	return unknown
}

// rollouts say of each deployment to production how long it took, in microseconds.
type rollouts struct {
	took, waited, full spansOf
	release            []int64 // joins the regions of one, 0 for one of its own; nil where all are
}

// rollout is one of them on its way into the columns.
type rollout struct {
	took, waited, full int64 // unknown: −1
	release            int64
}

func compareRollouts(a, b rollout) int {
	return cmp.Or(cmp.Compare(a.took, b.took), cmp.Compare(a.waited, b.waited), cmp.Compare(a.full, b.full), cmp.Compare(a.release, b.release))
}

func (c *rollouts) fill(rows []row) {
	var took, waited, full []int64
	for i := range rows {
		r := &rows[i].rollout
		took, waited, full = append(took, r.took), append(waited, r.waited), append(full, r.full)
		if r.release != 0 {
			if c.release == nil {
				c.release = make([]int64, len(rows))
			}
			c.release[i] = r.release
		}
	}
	c.took, c.waited, c.full = packSpans(took), packSpans(waited), packSpans(full)
}

func (c *rollouts) at(i int) rollout {
	out := rollout{took: c.took.at(i), waited: c.waited.at(i), full: c.full.at(i)}
	if c.release != nil {
		out.release = c.release[i]
	}
	return out
}

func (c *rollouts) bytes() int {
	return c.took.bytes() + c.waited.bytes() + c.full.bytes() + 8*cap(c.release)
}

// fits reports whether the columns are those of n deployments.
func (c *rollouts) fits(n int) bool {
	ok := c.release == nil || len(c.release) == n
	for _, s := range []*spansOf{&c.took, &c.waited, &c.full} {
		ok = ok && (s.len() == 0 || s.len() == n)
	}
	return ok
}

// ReleaseOf is a number for what joins the regions of one release of a service; 0 for "".
func ReleaseOf(service, group string) int64 {
	if group == "" {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(service + "\x00" + group))
	return int64(h.Sum64())
}

// rolled is what the roll-outs of a window add up to.
type rolled struct {
	reached                     int
	took, waiting, active, full values
}

func (p pick) collectRollouts(w plimsoll.Window, out *rolled) {
	c := &p.deployments
	from, to := c.span(w)
	for i := from; i < to; i++ {
		if !p.has(c.team[i]) || !c.mark[i].reached() {
			continue
		}
		out.reached++
		took, waited, full := c.rollouts.took.at(i), c.rollouts.waited.at(i), c.rollouts.full.at(i)
		if took >= 0 {
			out.took.add(took)
		}
		if waited >= 0 {
			out.waiting.add(waited)
			if active := max(took, 0) - waited; active >= 0 {
				out.active.add(active)
			}
		}
		if full >= 0 {
			out.full.add(full)
		}
	}
}

func (r *rolled) rollouts() metric.Rollouts {
	return metric.Rollouts{Reached: r.reached, Took: r.took.all(), Waiting: r.waiting.all(), Active: r.active.all(), Full: r.full.all()}
}

// all are the values as one multiset; they must not be added to afterwards.
func (v *values) all() metric.Spans {
	out := &metric.Runs{}
	v.runs(out.Add)
	return out
}

// releases are how many there were among the counted deployments of a window.
func (p pick) releases(w plimsoll.Window) int {
	c := &p.deployments
	if c.rollouts.release == nil {
		return p.count(w)
	}
	seen, n := map[int64]bool{}, 0
	from, to := c.span(w)
	for i := from; i < to; i++ {
		if c.mark[i]&markCounted == 0 || !p.has(c.team[i]) {
			continue
		}
		if r := c.rollouts.release[i]; r == 0 || !seen[r] {
			n++
			seen[r] = r != 0
		}
	}
	return n
}

// analyses are the analysis runs in production, by the time they ended.
type analyses struct {
	at    column
	phase []uint16
	team  []uint16
}

type analysis struct {
	at    int64
	phase metric.Phase
	team  string
}

func (c *analyses) fill(list []analysis, team func(string) uint16) {
	slices.SortFunc(list, func(a, b analysis) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.phase, b.phase), cmp.Compare(a.team, b.team))
	})
	at := make([]int64, len(list))
	for i, a := range list {
		at[i] = a.at
		c.phase, c.team = append(c.phase, uint16(a.phase)), append(c.team, team(a.team))
	}
	c.at = pack(at)
}

func (c *analyses) rows(teams []string) (out []analysis) {
	for i := range c.at.len() {
		out = append(out, analysis{c.at.at(i), metric.Phase(c.phase[i]), teams[c.team[i]]})
	}
	return out
}
