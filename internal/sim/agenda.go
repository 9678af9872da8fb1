package sim

import "github.com/plimsoll-dev/plimsoll"

// act is something that will happen.
type act struct {
	at    plimsoll.Time
	order int64 // of planning; decides between acts of the same time
	do    func(plimsoll.Time)
}

// agenda is what will happen, the earliest first: a binary heap.
type agenda struct {
	acts  []act
	order int64
}

func (a act) before(b act) bool { return a.at < b.at || a.at == b.at && a.order < b.order }

func (a *agenda) plan(at plimsoll.Time, do func(plimsoll.Time)) {
	a.order++
	a.acts = append(a.acts, act{at / second * second, a.order, do})
	i := len(a.acts) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !a.acts[i].before(a.acts[up]) {
			break
		}
		a.acts[i], a.acts[up] = a.acts[up], a.acts[i]
		i = up
	}
}

// next takes the earliest act, unless it lies after limit.
func (a *agenda) next(limit plimsoll.Time) (act, bool) {
	if len(a.acts) == 0 || a.acts[0].at > limit {
		return act{}, false
	}
	first, n := a.acts[0], len(a.acts)-1
	last := a.acts[n]
	a.acts[n] = act{}
	a.acts = a.acts[:n]
	i := 0
	for n > 0 {
		down := 2*i + 1
		if down >= n {
			break
		}
		if down+1 < n && a.acts[down+1].before(a.acts[down]) {
			down++
		}
		if !a.acts[down].before(last) {
			break
		}
		a.acts[i] = a.acts[down]
		i = down
	}
	if n > 0 {
		a.acts[i] = last
	}
	return first, true
}
