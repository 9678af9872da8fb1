package metric

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// What follows remembers results of pure functions that are asked for again and again with the same
// arguments. It changes no answer, only how long it takes; everything is bounded.

// memo remembers one result for each slot that its key falls into.
type memo[V any] struct {
	slots [1 << 12]atomic.Pointer[memoized[V]]
}

type memoized[V any] struct {
	key   int
	value V
}

func (m *memo[V]) get(key int, make func() V) V {
	slot := &m.slots[uint(key)%uint(len(m.slots))]
	if r := slot.Load(); r != nil && r.key == key {
		return r.value
	}
	r := &memoized[V]{key, make()}
	slot.Store(r)
	return r.value
}

var (
	poissons    memo[Interval]
	medianRanks memo[ranks]
)

type ranks struct {
	lo, hi int
	ok     bool
}

// yearDays are the first moments of the days of a year in a zone, and of the day after.
type yearDays [367]plimsoll.Time

type zoneYear struct {
	zone *time.Location
	year int
}

// years holds the days of the years that were asked for: a year of days takes 3 kB, mostYears 3 MB.
var (
	years     sync.Map // of zoneYear to *yearDays
	yearCount atomic.Int64
)

const mostYears = 1000

func daysOf(zone *time.Location, year int) *yearDays {
	key := zoneYear{zone, year}
	if d, ok := years.Load(key); ok {
		return d.(*yearDays)
	}
	d := &yearDays{}
	first := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range d {
		d[i] = firstMoment(first.AddDate(0, 0, i), zone)
	}
	if yearCount.Add(1) > mostYears {
		years.Clear()
		yearCount.Store(1)
	}
	years.Store(key, d)
	return d
}
