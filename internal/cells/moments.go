package cells

import (
	"cmp"
	"slices"

	"github.com/plimsoll-dev/plimsoll"
)

// Delivered are the latest moments of a window, not after before, at which something was delivered for a
// scope: the latest first, and at most most of them. The zero before is no bound.
func (s *State) Delivered(scope Scope, basis plimsoll.Basis, w plimsoll.Window, before plimsoll.Time, most int) []plimsoll.Time {
	from, to := max(w.From, 1), w.To
	if before != 0 {
		to = min(to, before+1)
	}
	kind, out := one(basis == bases[1]), []plimsoll.Time{}
	if from >= to {
		return out
	}
	for _, p := range s.view(Question{Scope: scope}).picks {
		l := &p.leads[kind]
		first := l.at.search(int64(from))
		last := int64(0) // teams of one moment stand apart
		for i, n := l.at.search(int64(to))-1, 0; i >= first && n < most; i-- {
			if at := l.at.at(i); at != last && p.has(l.team[i]) {
				out = append(out, plimsoll.Time(at))
				last = at
				n++
			}
		}
		for _, o := range l.odd {
			if at := plimsoll.Time(o.at); p.has(o.team) && from <= at && at < to {
				out = append(out, at)
			}
		}
	}
	slices.SortFunc(out, func(a, b plimsoll.Time) int { return cmp.Compare(b, a) })
	out = slices.Compact(out)
	return out[:min(most, len(out))]
}

// DeliveredLater are the first moments from end on, and not before after, at which something was delivered
// for a scope that had begun before end: the first first, and at most most of them.
func (s *State) DeliveredLater(scope Scope, basis plimsoll.Basis, end, after plimsoll.Time, most int) []plimsoll.Time {
	kind, out := one(basis == bases[1]), []plimsoll.Time{}
	for _, p := range s.view(Question{Scope: scope}).picks {
		l := &p.leads[kind]
		last := int64(0)
		for i, n := l.at.search(int64(max(end, after))), 0; i < l.at.len() && n < most; i++ {
			// Spans ascend within a moment and a team: the last of them began first.
			if at := l.at.at(i); at != last && p.has(l.team[i]) && at-l.span.at(int(l.first[i+1])-1) < int64(end) {
				out = append(out, plimsoll.Time(at))
				last = at
				n++
			}
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return out[:min(most, len(out))]
}
