package sim

import (
	"math"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// effect is what users of a service feel of a trouble.
type effect struct {
	from, to plimsoll.Time // to is unknown while it lasts
	size     float64       // share of the requests that suffer
	slow     bool          // they get their answer late instead of none
}

// baseline is the usual traffic of a service.
type baseline struct {
	seed    uint64
	peak    float64 // requests a minute at the busiest time
	bad     float64 // share that fails without any trouble
	slow    float64 // share that is slow
	median  float64 // latency in seconds
	evening float64 // hour of the day, UTC, of the most traffic
	wobble  float64 // how much the rates wander by themselves, 0.1 to 0.5
}

func baselineOf(s *service) baseline {
	d := newDice(s.org.cfg.Seed, "signals "+s.name)
	return baseline{
		seed: d.Uint64(), peak: 40 * math.Exp(d.Float64()*5), bad: 0.0002 * math.Exp(d.Float64()*3),
		slow: 0.004 * math.Exp(d.Float64()*1.5), median: 0.02 * math.Exp(d.Float64()*2.5),
		evening: 12 + 8*d.Float64(), wobble: 0.1 + 0.4*d.Float64(),
	}
}

// Minute is what one minute of a service's golden signals says.
type Minute struct {
	At         plimsoll.Time // its beginning
	Total      int           // requests
	Bad        int           // of them, failed
	Slow       int           // of them, answered later than the service promises
	P50, P99   float64       // latency, seconds
	Saturation float64       // 0..1 of what the service can take
}

// Signals are the golden signals of one service. What they say of a minute
// depends on nothing but the Config and that minute, once time has passed it.
type Signals struct{ s *service }

// Signals returns those of a service, and false for one that is not there.
func (o *Org) Signals(service string) (Signals, bool) {
	s := o.byName[service]
	return Signals{s}, s != nil
}

// Minute answers for the minute that t lies in.
func (g Signals) Minute(t plimsoll.Time) Minute {
	const minute = 60 * second
	t -= t % minute
	s, b := g.s, &g.s.base
	n := uint64(t / minute)
	total := b.peak * b.traffic(t) * math.Exp(0.03*normal(b.seed, n, 1))
	// The rates wander slowly, by the quarter of an hour, and a little each minute.
	drift := math.Exp(b.wobble*b.wander(n) + 0.05*normal(b.seed, n, 2))
	bad, slow := b.bad*drift, b.slow*drift
	for i := len(s.effects) - 1; i >= 0; i-- {
		e := &s.effects[i]
		share := e.within(t, t+minute)
		switch {
		case share == 0:
		case e.slow:
			slow += (1 - slow) * e.size * share
		default:
			bad += (1 - bad) * e.size * share
		}
	}
	m := Minute{At: t, Total: poisson(total, b.seed, n, 3)}
	m.Bad = min(m.Total, poisson(float64(m.Total)*bad, b.seed, n, 4))
	m.Slow = min(m.Total-m.Bad, poisson(float64(m.Total)*slow, b.seed, n, 5))
	m.P50 = b.median * (1 + 0.3*b.traffic(t)) * math.Exp(0.03*normal(b.seed, n, 6)) * (1 + slow)
	m.P99 = m.P50 * (4 + 60*slow)
	m.Saturation = min(1, (0.15+0.45*b.traffic(t))*(1+0.8*slow))
	return m
}

// traffic is the load at t as a share of the peak: by the hour and the weekday.
func (b *baseline) traffic(t plimsoll.Time) float64 {
	at := t.Std()
	hour := float64(at.Hour()) + float64(at.Minute())/60
	load := 0.55 + 0.45*math.Cos((hour-b.evening)*math.Pi/12)
	if w := at.Weekday(); w == time.Saturday || w == time.Sunday {
		load *= 0.7
	}
	return load
}

// wander is a smooth walk of about unit size: noise at every quarter of an hour
// with a straight line in between.
func (b *baseline) wander(minute uint64) float64 {
	k, part := minute/15, float64(minute%15)/15
	return normal(b.seed, k, 7)*(1-part) + normal(b.seed, k+1, 7)*part
}

// within is the part of the span [from, to) in which the effect holds.
func (e *effect) within(from, to plimsoll.Time) float64 {
	end := e.to
	if end == 0 {
		end = plimsoll.Forever
	}
	a, b := max(from, e.from), min(to, end)
	if a >= b {
		return 0
	}
	return float64(b-a) / float64(to-from)
}

// uniform is a number in (0, 1) that n and k name.
func uniform(seed, n, k uint64) float64 {
	return (float64(mix(mix(seed^n)+k)>>11) + 0.5) / (1 << 53)
}

// normal is a draw from the standard normal distribution that n and k name, by
// the method of Box and Muller.
func normal(seed, n, k uint64) float64 {
	return math.Sqrt(-2*math.Log(uniform(seed, n, k))) * math.Cos(2*math.Pi*uniform(seed, n, k+1000))
}

// poisson is a count with the given mean that n and k name: by inversion while
// it is small, else by the normal approximation.
func poisson(mean float64, seed, n, k uint64) int {
	if mean <= 0 {
		return 0
	}
	if mean > 50 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*normal(seed, n, k))))
	}
	u, p := uniform(seed, n, k), math.Exp(-mean)
	x := 0
	for sum := p; u > sum && x < 1000; sum += p {
		x++
		p *= mean / float64(x)
	}
	return x
}
