package cells

import (
	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// trait is everything that an explanation asks of one deployment, but when it was and how long it took, in
// two bytes. It says some of what a mark says, and is not made from that: the number comes from marks, the
// facts behind it from traits, and the two are held against each other.
type trait uint16

// The lowest six bits are the kind and the result.
const (
	traitCounted trait = 1 << (6 + iota)
	traitJudged
	traitFailed
	traitSuspected
	traitRollback // there is accepted evidence that it was rolled back
	traitRepairs
	traitPlanned
	traitFirst
	traitContents
	traitOldest // when the oldest change began that it delivered is known
	traitKinds  = 1 << 16
)

func traitOf(d *metric.Deployment) trait {
	t := trait(d.Kind)&7 | trait(d.Result)&7<<3
	set := func(is bool, bit trait) {
		if is {
			t |= bit
		}
	}
	set(d.Counted, traitCounted)
	set(d.Judged, traitJudged)
	set(d.Failed, traitFailed)
	set(d.Suspected, traitSuspected)
	set(d.Evidence != 0 && d.Evidence.Has(plimsoll.EvidenceRollback), traitRollback)
	set(d.Repairs, traitRepairs)
	set(d.Planned, traitPlanned)
	set(d.First, traitFirst)
	set(d.Contents, traitContents)
	set(d.OldestAt != 0, traitOldest)
	return t
}

// deployment is one that has the trait and ended at a moment, at which its oldest change began if it has
// one.
func (t trait) deployment(at plimsoll.Time) metric.Deployment {
	d := metric.Deployment{
		EndedAt: at, Kind: metric.Kind(t & 7), Result: metric.Result(t >> 3 & 7),
		Counted: t&traitCounted != 0, Judged: t&traitJudged != 0, Failed: t&traitFailed != 0, Suspected: t&traitSuspected != 0,
		Repairs: t&traitRepairs != 0, Planned: t&traitPlanned != 0, First: t&traitFirst != 0, Contents: t&traitContents != 0,
	}
	if t&traitRollback != 0 {
		d.Evidence = d.Evidence.With(plimsoll.EvidenceRollback)
	}
	if t&traitOldest != 0 {
		d.OldestAt = at
	}
	return d
}
