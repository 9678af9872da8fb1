package cells

import (
	"math"
	"slices"
	"sort"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// cell is what one day of the whole organisation adds up to. It never changes; the nil cell is empty.
type cell struct {
	tally          metric.Tally
	ends           moments // of the counted deployments
	first, last    int64   // of them
	reached        int     // deployments that came to their users
	latest         int64   // nothing of the day was deployed or delivered after this moment
	gaps           *metric.Run
	oldest         *metric.Run
	oldestNegative int
	leads          [2]leadCell
	summary        *lazy[summary]
}

// leadCell is what one day has of changes or of pull requests.
type leadCell struct {
	spans               *metric.Run // of those delivered on it
	negative, unstamped int
	begun               moments // starts of those that begin on it and do not end before
}

// calendar cuts time into the days of a zone. Day 0 has all that came before the first of them.
type calendar struct {
	zone   *time.Location
	starts []int64 // of the days from 1 on, and at last their end; that of day 0 is never
	months []int   // days on which a month begins, or the calendar, and at last the number of days
}

// oldestDay bounds the calendar: what is older stands in day 0.
const oldestDay = 631152000e6 // 1990-01-01 UTC

// reaching returns a calendar that has the days of two moments and all between them.
func (c calendar) reaching(first, last int64) calendar {
	first = max(first, oldestDay)
	last = max(last, first)
	if n := len(c.starts); n > 0 {
		if first >= c.starts[0] && last < c.starts[n-1] {
			return c
		}
		first, last = min(first, c.starts[0]), max(last, c.starts[n-1]-1)
	}
	out := calendar{zone: c.zone}
	w := plimsoll.Window{From: metric.DayStart(plimsoll.Time(first), c.zone), To: plimsoll.Time(last) + 1}
	days := metric.Buckets(w, c.zone, metric.Day)
	for _, b := range days {
		out.starts = append(out.starts, int64(b.From))
	}
	const dayAndMore = plimsoll.Time(26 * time.Hour / time.Microsecond)
	out.starts = append(out.starts, int64(metric.DayStart(days[len(days)-1].From+dayAndMore, c.zone)))
	for _, b := range metric.Buckets(w, c.zone, metric.Month) {
		out.months = append(out.months, out.find(int64(b.From)))
	}
	out.months = append(out.months, out.days())
	return out
}

// days is how many there are, day 0 among them.
func (c *calendar) days() int { return max(len(c.starts), 1) }

// start is the first moment of a day.
func (c *calendar) start(day int) int64 {
	if day == 0 {
		return math.MinInt64
	}
	return c.starts[day-1]
}

// find is the day of a moment, which must not be beyond the last.
func (c *calendar) find(t int64) int {
	return sort.Search(len(c.starts), func(i int) bool { return c.starts[i] > t })
}

// whole returns the days that lie in a window, as the first and the one after the last. The first is
// beyond that where the window lies within a day and begins after it does.
func (c *calendar) whole(w plimsoll.Window) (from, to int) {
	from = sort.Search(len(c.starts), func(i int) bool { return c.starts[i] >= int64(w.From) }) + 1
	return from, c.find(int64(w.To))
}

// delta is what has gone from the cell of a day, and what has come to it.
type delta struct {
	latest              int64        // moment of the last deployment or delivery that has come
	tally               metric.Tally // what has come, less what has gone
	ends, oldest        change
	oldestNegative      int
	reached             int
	spans, begun        [2]change
	negative, unstamped [2]int
}

// change holds values in any order.
type change struct{ gone, come []int64 }

func (c *change) put(v int64, sign int) {
	if sign > 0 {
		c.come = append(c.come, v)
	} else {
		c.gone = append(c.gone, v)
	}
}

func (c *change) sort() bool {
	slices.Sort(c.gone)
	slices.Sort(c.come)
	return len(c.gone)+len(c.come) > 0
}

// deltas are the changes of an organisation, by day.
type deltas struct {
	calendar *calendar
	days     map[int]*delta
}

// on is the change of the day of a moment.
func (d *deltas) on(t int64) *delta {
	day := d.calendar.find(t)
	x := d.days[day]
	if x == nil {
		x = &delta{}
		d.days[day] = x
	}
	return x
}

// at is the same for a moment at which something was deployed or delivered.
func (d *deltas) at(t int64) *delta {
	x := d.on(t)
	x.latest = max(x.latest, t)
	return x
}

// replace notes what one service had and now has, where it was touched; either may be nil.
func (d *deltas) replace(before, after *block, where touched) {
	var old, new rowsOf
	old.read(before, where)
	new.read(after, where)
	differ(old.rows, new.rows, compareRows, d.row)
	differ(old.ways, new.ways, compareContents, func(y way, _ int) { d.on(y.at) })
	for i := range old.leads {
		differ(old.leads[i], new.leads[i], compareLeads, func(l lead, sign int) { d.lead(i, l, sign) })
	}
}

// rowsOf are the rows of a block in order, without their teams: an organisation has no use for them.
type rowsOf struct {
	rows  []row
	leads [2][]lead
	ways  []way
}

func (r *rowsOf) read(b *block, where touched) {
	if b == nil {
		return
	}
	nothing := func(int64) bool { return false }
	x := b.draft(where.deployments.has, nothing, [2]func(int64) bool{where.leads[0].hasOrOpen, where.leads[1].hasOrOpen})
	for i := range x.rows {
		x.rows[i].team = ""
	}
	slices.SortFunc(x.rows, compareRows)
	for k := range x.leads {
		for i := range x.leads[k] {
			x.leads[k][i].team = ""
		}
		slices.SortFunc(x.leads[k], compareLeads)
	}
	for i := range x.ways {
		x.ways[i].team = ""
	}
	slices.SortFunc(x.ways, compareContents)
	r.rows, r.leads, r.ways = x.rows, x.leads, x.ways
}

// differ hands over what is only in old, with -1, and what is only in new, with 1. Both are in order.
func differ[T any](old, new []T, compare func(a, b T) int, put func(v T, sign int)) {
	for len(old) > 0 || len(new) > 0 {
		switch {
		case len(new) == 0 || len(old) > 0 && compare(old[0], new[0]) < 0:
			put(old[0], -1)
			old = old[1:]
		case len(old) == 0 || compare(old[0], new[0]) > 0:
			put(new[0], 1)
			new = new[1:]
		default:
			old, new = old[1:], new[1:]
		}
	}
}

func (d *deltas) row(r row, sign int) {
	x := d.at(r.ended)
	x.reached += sign * one(r.mark.reached())
	t := tallyOf([]mark{r.mark})
	if sign > 0 {
		x.tally.Merge(t)
	} else {
		x.tally.Without(t)
	}
	if r.mark&markCounted != 0 {
		x.ends.put(r.ended, sign)
	}
	switch {
	case r.oldest == 0:
	case r.oldest > r.ended:
		x.oldestNegative += sign
	default:
		x.oldest.put(r.ended-r.oldest, sign)
	}
}

func (d *deltas) lead(kind int, l lead, sign int) {
	switch {
	case l.delivered == 0:
		if l.start != 0 {
			d.on(l.start).begun[kind].put(l.start, sign)
		}
	case l.start == 0:
		d.at(l.delivered).unstamped[kind] += sign
	case l.start > l.delivered:
		d.at(l.delivered).negative[kind] += sign
	default:
		d.at(l.delivered).spans[kind].put(l.delivered-l.start, sign)
		d.on(l.start).begun[kind].put(l.start, sign)
	}
}

// apply returns the cell with a change. It reports false when what shall go is not there.
func (c *cell) apply(d *delta) (*cell, bool) {
	out := cell{}
	if c != nil {
		out = *c
	}
	out.summary = &lazy[summary]{}
	out.reached += d.reached
	out.tally.Merge(d.tally)
	out.oldestNegative += d.oldestNegative
	out.latest = max(out.latest, d.latest)
	ok := true
	if d.ends.sort() {
		var list []int64
		list, ok = exchange(out.ends.list(), d.ends.gone, d.ends.come)
		out.setEnds(list)
	}
	ok = replaceRun(&out.oldest, &d.oldest) && ok
	for i := range out.leads {
		l := &out.leads[i]
		ok = replaceRun(&l.spans, &d.spans[i]) && ok
		l.negative += d.negative[i]
		l.unstamped += d.unstamped[i]
		if d.begun[i].sort() {
			var fine bool
			l.begun, fine = l.begun.replace(d.begun[i].gone, d.begun[i].come)
			ok = ok && fine
		}
	}
	if out.empty() {
		return nil, ok
	}
	return &out, ok
}

func replaceRun(r **metric.Run, c *change) bool {
	if !c.sort() {
		return true
	}
	before := *r
	if before == nil {
		before = &metric.Run{}
	}
	after, ok := before.Replace(c.gone, c.come)
	*r = after.Tabled()
	if after.Len() == 0 {
		*r = nil
	}
	return ok
}

// setEnds wants moments in order.
func (c *cell) setEnds(ends []int64) {
	c.ends, c.gaps, c.first, c.last = packMoments(ends), gapRun(ends), 0, 0
	if len(ends) > 0 {
		c.first, c.last = ends[0], ends[len(ends)-1]
	}
}

// gapRun wants moments in order; nil below two.
func gapRun(ends []int64) *metric.Run {
	if len(ends) < 2 {
		return nil
	}
	gaps := make([]int64, len(ends)-1)
	for i, t := range ends[1:] {
		gaps[i] = t - ends[i]
	}
	return metric.NewRun(metric.SortSpans(gaps)).Tabled()
}

func (c *cell) empty() bool {
	empty := c.tally == metric.Tally{} && c.ends == nil && c.oldest == nil && c.oldestNegative == 0 && c.reached == 0
	for i := range c.leads {
		l := &c.leads[i]
		empty = empty && l.spans == nil && l.negative == 0 && l.unstamped == 0 && l.begun == nil
	}
	return empty
}

func (c *cell) bytes() int {
	if c == nil {
		return 0
	}
	n := 300 + c.summary.bytes((*summary).bytes) + cap(c.ends) + c.gaps.Bytes() + c.oldest.Bytes()
	for i := range c.leads {
		n += c.leads[i].spans.Bytes() + cap(c.leads[i].begun)
	}
	return n
}
