package sim

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"
)

// dice is a source of chance with the shapes that delays at work have.
type dice struct{ *rand.Rand }

// newDice returns the dice of one part of the organisation. Each part has its
// own, so that one more service leaves the others as they are.
func newDice(seed uint64, part string) dice {
	h := fnv.New64a()
	h.Write([]byte(part))
	return dice{rand.New(rand.NewPCG(seed, h.Sum64()))}
}

// chance is true with probability p.
func (d dice) chance(p float64) bool { return d.Float64() < p }

// exp is a gap between events that come independently of each other.
func (d dice) exp(mean time.Duration) time.Duration {
	return time.Duration(math.Min(d.ExpFloat64(), 12) * float64(mean))
}

// about is a duration with the given median and a long tail; spread 0.5 means
// that a sixth of the values is above 1.6 times the median.
func (d dice) about(median time.Duration, spread float64) time.Duration {
	return time.Duration(float64(median) * math.Exp(min(3, max(-3, d.NormFloat64()))*spread))
}

// between is evenly spread over [low, high).
func (d dice) between(low, high time.Duration) time.Duration {
	return low + time.Duration(d.Int64N(int64(high-low)))
}

func pick[T any](d dice, from []T) T { return from[d.IntN(len(from))] }

// mix turns a number into one that looks random: the finalizer of splitmix64
// (Steele, Lea and Flood, 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
