package cells

import (
	"math"
	"slices"
	"sort"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// State is everything that is known at one moment. It never changes, so that any number of questions may
// be answered from it while the next one is made.
type State struct {
	num      int64    // of the last change of a fact that it includes
	blocks   []*block // by name
	calendar calendar
	cells    []*cell // by day
	months   []*month
	ancient  bool     // something failed before the days of the calendar
	backlog  [2][]int // how many changes, pull requests were begun and not delivered when a day began
}

func (s *State) find(name string) (int, bool) {
	return sort.Find(len(s.blocks), func(i int) int {
		switch b := s.blocks[i].name; {
		case name < b:
			return -1
		case name > b:
			return 1
		}
		return 0
	})
}

// build reads every fact.
func build(tx *store.Tx, zone *time.Location) (*State, error) {
	s := &State{calendar: calendar{zone: zone}}
	var err error
	if s.num, err = tx.LastFactChange(); err != nil {
		return nil, err
	}
	names, err := tx.FactServices()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		where := all
		b, err := load(tx, name, nil, &where)
		if err != nil {
			return nil, err
		}
		s.blocks = append(s.blocks, b)
	}
	s.fill()
	return s, nil
}

// fill makes the cells of all blocks, day by day: what is in the making stays small.
func (s *State) fill() {
	begun := [2]map[int][]int64{{}, {}}
	first, last := int64(math.MaxInt64), int64(0)
	for _, b := range s.blocks {
		f, l := b.extent()
		first, last = min(first, f), max(last, l)
	}
	if first > last {
		s.cells = make([]*cell, s.calendar.days())
		s.group(nil, nil)
		return // there is nothing yet
	}
	s.calendar = s.calendar.reaching(first, last)
	for _, b := range s.blocks {
		for i := range b.leads {
			b.leads[i].starts(func(t int64) {
				day := s.calendar.find(t)
				begun[i][day] = append(begun[i][day], t)
			})
		}
	}
	s.cells = make([]*cell, s.calendar.days())
	for day := range s.cells {
		s.cells[day] = s.makeCell(day, [2][]int64{begun[0][day], begun[1][day]})
		delete(begun[0], day)
		delete(begun[1], day)
	}
	s.group(nil, nil)
}

// extent is the first and the last moment that has a place in the calendar.
func (b *block) extent() (first, last int64) {
	first, last = math.MaxInt64, 0
	see := func(t int64) { first, last = min(first, t), max(last, t) }
	ends := func(c *column) {
		if n := c.len(); n > 0 {
			see(c.at(0))
			see(c.at(n - 1))
		}
	}
	ends(&b.deployments.ended)
	for i := range b.leads {
		l := &b.leads[i]
		ends(&l.at)
		ends(&l.open)
		l.starts(see)
		for _, o := range l.odd {
			see(o.at)
		}
	}
	if n := len(b.failures); n > 0 {
		see(b.failures[0].at)
		see(b.failures[n-1].at)
	}
	if n := len(b.incidents); n > 0 {
		see(b.incidents[0].at)
		see(b.incidents[n-1].at)
	}
	return first, last
}

// starts hands over when each lead began that was delivered after that, or is open.
func (c *leads) starts(yield func(t int64)) {
	for i := range c.at.len() {
		at := c.at.at(i)
		for k := c.first[i]; k < c.first[i+1]; k++ {
			yield(at - c.span.at(int(k)))
		}
	}
	for i := range c.open.len() {
		yield(c.open.at(i))
	}
}

// makeCell adds up one day.
func (s *State) makeCell(day int, begun [2][]int64) *cell {
	w := plimsoll.Window{From: plimsoll.Time(s.calendar.start(day)), To: plimsoll.Time(s.calendar.start(day + 1))}
	var t take
	for _, b := range s.blocks {
		pick{b, everyTeam}.collect(w, &t)
	}
	c := &cell{tally: t.tally, oldest: t.oldest.run(), oldestNegative: t.oldestNegative, latest: t.latest, reached: t.reached, summary: &lazy[summary]{}}
	metric.SortSpans(t.ends)
	c.setEnds(t.ends)
	for i := range c.leads {
		slices.Sort(begun[i])
		in := &t.leads[i]
		c.leads[i] = leadCell{spans: in.spans.run(), negative: in.negative, unstamped: in.unstamped, begun: packMoments(begun[i])}
	}
	if c.empty() {
		return nil
	}
	return c
}

// run is the values as one run, nil when there are none.
func (v *values) run() *metric.Run {
	if r := v.bare(); r != nil {
		return r.Tabled()
	}
	return nil
}

// follow returns the state after some changes. It reports false when they do not follow from the state:
// then it must be built anew.
func (s *State) follow(tx *store.Tx, changes []store.FactChange) (*State, bool, error) {
	services := map[string]*touched{}
	for _, c := range changes {
		t := services[c.Service]
		if t == nil {
			t = &touched{}
			services[c.Service] = t
		}
		t.note(c)
	}
	pairs := make([]pair, 0, len(services))
	for name, where := range services {
		p := pair{where: *where}
		if i, known := s.find(name); known {
			p.before = s.blocks[i]
		} else {
			p.where = all
		}
		var err error
		if p.after, err = load(tx, name, p.before, &p.where); err != nil {
			return nil, false, err
		}
		pairs = append(pairs, p)
	}
	out, ok := s.with(pairs)
	if ok {
		out.num = s.num + int64(len(changes))
	}
	return out, ok, nil
}

// pair is a service that changed; before is nil for a new one.
type pair struct {
	before, after *block
	where         touched
}

// with returns the state with other blocks. It reports false when the cells do not have what shall go.
func (s *State) with(pairs []pair) (*State, bool) {
	out := *s
	out.blocks = slices.Clone(s.blocks)
	first, last := int64(math.MaxInt64), int64(0)
	for _, p := range pairs {
		i, known := out.find(p.after.name)
		if known {
			out.blocks[i] = p.after
		} else {
			out.blocks = slices.Insert(out.blocks, i, p.after)
		}
		f, l := p.after.extent()
		first, last = min(first, f), max(last, l)
	}
	if len(s.calendar.starts) == 0 {
		out.fill()
		return &out, true
	}
	if first <= last {
		out.calendar = s.calendar.reaching(first, last)
	}
	d := deltas{calendar: &out.calendar, days: map[int]*delta{}}
	out.cells = s.moved(&out.calendar)
	if out.cells == nil {
		out.fill() // older days than ever came before
		return &out, true
	}
	for _, p := range pairs {
		d.replace(p.before, p.after, p.where)
	}
	for _, p := range pairs {
		d.outages(p.before, p.after)
	}
	for day, x := range d.days {
		c, ok := out.cells[day].apply(x)
		if !ok {
			return nil, false
		}
		out.cells[day] = c
	}
	out.group(s, d.days)
	return &out, true
}

// moved copies the cells to the days of another calendar; nil where what was in day 0 has days there.
func (s *State) moved(to *calendar) []*cell {
	shift := to.find(s.calendar.starts[0]) - 1
	if shift > 0 && s.cells[0] != nil {
		return nil
	}
	out := make([]*cell, to.days())
	out[0] = s.cells[0]
	copy(out[1+shift:], s.cells[1:])
	return out
}

// month is what the days of a month add up to.
type month struct {
	from, to       int // days
	tally          metric.Tally
	oldestNegative int
	gaps, oldest   *metric.Group
	leads          [2]leadMonth
	failures       []outages // by severity
	incidents      []outages // all together
	groups         *lazy[groups]
}

type leadMonth struct {
	spans               *metric.Group
	negative, unstamped int
}

// group makes the months and the backlog. Months of the state before are kept where no day of theirs
// has changed.
func (s *State) group(before *State, changed map[int]*delta) {
	kept := map[int64]*month{}
	if before != nil {
		for _, m := range before.months {
			kept[before.calendar.start(m.from)] = m
		}
	}
	s.ancient = s.anyAncient()
	s.months = nil
	starts := s.calendar.months
	for i := range max(len(starts)-1, 0) {
		from, to := starts[i], starts[i+1]
		m := kept[s.calendar.start(from)]
		switch {
		case m == nil || m.to-m.from != to-from || touches(changed, from, to):
			m = s.makeMonth(from, to)
		case m.from != from:
			again := *m
			again.from, again.to = from, to
			m = &again
		}
		s.months = append(s.months, m)
	}
	for i := range s.backlog {
		s.backlog[i] = make([]int, len(s.cells)+1)
		n := 0
		for day, c := range s.cells {
			s.backlog[i][day] = n
			if c == nil {
				continue
			}
			n += c.leads[i].begun.len()
			if c.leads[i].spans != nil {
				n -= c.leads[i].spans.Len()
			}
		}
		s.backlog[i][len(s.cells)] = n
	}
}

func touches(changed map[int]*delta, from, to int) bool {
	for day := range changed {
		if from <= day && day < to {
			return true
		}
	}
	return false
}

func (s *State) makeMonth(from, to int) *month {
	m := &month{from: from, to: to, groups: &lazy[groups]{}}
	var gaps, oldest []*metric.Run
	var spans [2][]*metric.Run
	add := func(list *[]*metric.Run, r *metric.Run) {
		if r != nil {
			*list = append(*list, r)
		}
	}
	for _, c := range s.cells[from:to] {
		if c == nil {
			continue
		}
		m.tally.Merge(c.tally)
		m.oldestNegative += c.oldestNegative
		add(&gaps, c.gaps)
		add(&oldest, c.oldest)
		for i := range c.leads {
			l := &c.leads[i]
			m.leads[i].negative += l.negative
			m.leads[i].unstamped += l.unstamped
			add(&spans[i], l.spans)
		}
	}
	m.gaps, m.oldest = metric.NewGroup(gaps), metric.NewGroup(oldest)
	for i := range spans {
		m.leads[i].spans = metric.NewGroup(spans[i])
	}
	s.addOutages(m)
	return m
}
