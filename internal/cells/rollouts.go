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
	again              []again
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
	return c.took.bytes() + c.waited.bytes() + c.full.bytes() + 8*cap(c.release) + 12*cap(c.again)
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

func (p pick) collectRollouts(w plimsoll.Window, out *gathered) {
	c := &p.deployments
	from, to := c.span(w)
	for i := from; i < to; i++ {
		if !p.has(c.team[i]) || !c.mark[i].reached() {
			continue
		}
		out.reached++
		took, waited, full := c.rollouts.took.at(i), c.rollouts.waited.at(i), c.rollouts.full.at(i)
		if took >= 0 {
			out.spans[ofTook].add(took)
		}
		if waited >= 0 {
			out.spans[ofWaiting].add(waited)
			if active := max(took, 0) - waited; active >= 0 {
				out.spans[ofActive].add(active)
			}
		}
		if full >= 0 {
			out.spans[ofFull].add(full)
		}
	}
}

// releases are how many there were among the counted deployments of a window.
func (p pick) releases(w plimsoll.Window) int {
	c := &p.deployments
	if c.rollouts.release == nil {
		return p.count(w)
	}
	n := p.count(w)
	from, to := c.span(w)
	i, _ := slices.BinarySearchFunc(c.again, int32(from), func(a again, at int32) int { return cmp.Compare(a.at, at) })
	for ; i < len(c.again) && int(c.again[i].at) < to; i++ {
		a := c.again[i]
		before := a.before
		if p.team != everyTeam {
			before = a.ofTeam
		}
		if int(before) >= from && p.has(c.team[a.at]) {
			n--
		}
	}
	return n
}

// again is a counted deployment of a release that had one before: where the last of them stands, and the
// last of the same team, -1 without one.
type again struct{ at, before, ofTeam int32 }

// deriveAgain finds them.
func (c *deployments) deriveAgain() {
	c.again = nil
	type part struct {
		release int64
		team    int
	}
	last := map[part]int32{}
	for i, r := range c.release {
		if r == 0 || c.mark[i]&markCounted == 0 {
			continue
		}
		all, ofTeam := part{r, everyTeam}, part{r, int(c.team[i])}
		if before, ok := last[all]; ok {
			a := again{int32(i), before, -1}
			if own, ok := last[ofTeam]; ok {
				a.ofTeam = own
			}
			c.again = append(c.again, a)
		}
		last[all], last[ofTeam] = int32(i), int32(i)
	}
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
