package sim

import (
	"strings"
	"time"
	_ "time/tzdata" // teams live in zones that the machine may not know

	"github.com/plimsoll-dev/plimsoll"
)

// calendar is when a team works: from and to are hours of the day in its zone.
type calendar struct {
	zone     *time.Location
	from, to int
	days     string        // of the week, Sunday first: x for one of work
	open     plimsoll.Time // the day looked at last
	close    plimsoll.Time
}

// week is how much of a week is work.
func (c *calendar) week() time.Duration {
	return time.Duration(strings.Count(c.days, "x")*(c.to-c.from)) * time.Hour
}

// share is the part of all time that is work.
func (c *calendar) share() float64 { return float64(c.week()) / float64(7*24*time.Hour) }

// after returns the moment at which d of working time has passed since t.
func (c *calendar) after(t plimsoll.Time, d time.Duration) plimsoll.Time {
	if w := c.week(); d >= w {
		t = t.Add(d / w * 7 * 24 * time.Hour)
		d %= w
	}
	for {
		if t >= c.close || t < c.open-plimsoll.Time(14*time.Hour/time.Microsecond) {
			c.look(t)
		}
		t = max(t, c.open)
		if left := c.close.Sub(t); d < left {
			return t.Add(d) / second * second
		} else {
			d -= left
		}
		t = c.close
	}
}

// look finds the first working day that ends after t.
func (c *calendar) look(t plimsoll.Time) {
	at := t.Std().In(c.zone)
	y, m, day := at.Date()
	for ; ; day++ {
		open := time.Date(y, m, day, c.from, 0, 0, 0, c.zone)
		if c.days[open.Weekday()] != 'x' {
			continue
		}
		c.open = plimsoll.TimeOf(open)
		c.close = plimsoll.TimeOf(time.Date(y, m, day, c.to, 0, 0, 0, c.zone))
		if c.close > t {
			return
		}
	}
}

// Freeze is a span in which nothing but repairs is deployed.
type Freeze struct {
	From, To plimsoll.Time // half-open
	Reason   string
}

// freezes lists the year-end freezes that touch the years around a span.
func freezes(from, to plimsoll.Time) []Freeze {
	var out []Freeze
	last := from.Std().Year() + 30
	if to < plimsoll.Forever {
		last = to.Std().Year()
	}
	for y := from.Std().Year() - 1; y <= last; y++ {
		out = append(out, Freeze{
			From:   plimsoll.TimeOf(time.Date(y, 12, 20, 0, 0, 0, 0, time.UTC)),
			To:     plimsoll.TimeOf(time.Date(y+1, 1, 4, 0, 0, 0, 0, time.UTC)),
			Reason: "year end",
		})
	}
	return out
}

// frozenUntil returns the end of the freeze that holds at t, zero if none does.
func (o *Org) frozenUntil(t plimsoll.Time) plimsoll.Time {
	for _, f := range o.freezes {
		if t >= f.From && t < f.To {
			return f.To
		}
	}
	return 0
}
