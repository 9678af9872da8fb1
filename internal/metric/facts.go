package metric

import (
	"slices"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// Period is what a measure is asked for: a half-open window, the moment of asking, and the calendar.
type Period struct {
	plimsoll.Window
	Now  plimsoll.Time  // nothing that ends at or after this moment has happened yet
	Zone *time.Location // cuts days, weeks and months; nil is UTC
}

// End is the end of what can be observed: the earlier of To and Now. The zero Now is no limit.
func (p Period) End() plimsoll.Time {
	if p.Now != 0 && p.Now < p.To {
		return p.Now
	}
	return p.To
}

// observed is the window up to End. It may be empty.
func (p Period) observed() plimsoll.Window { return p.Observed() }

// Observed is the window up to End. It may be empty.
func (p Period) Observed() plimsoll.Window { return plimsoll.Window{From: p.From, To: p.End()} }

func (p Period) zone() *time.Location {
	if p.Zone == nil {
		return time.UTC
	}
	return p.Zone
}

// Deployment is one production deployment, small enough to keep a million in memory.
// Counted and Judged follow definitions, sections 2 and 3.
type Deployment struct {
	StartedAt plimsoll.Time
	EndedAt   plimsoll.Time // the time it counts at
	OldestAt  plimsoll.Time // start of the oldest commit it was the first to deliver; 0: none known
	Service   int32         // index of the service within the question
	Kind      Kind
	Result    Result
	Evidence  EvidenceSet // accepted evidence that it failed
	Counted   bool        // enters deployment frequency
	Judged    bool        // enters the denominator of the change failure rate
	Failed    bool        // has accepted evidence
	Suspected bool        // has evidence that nobody accepted or rejected yet
	Repairs   bool        // made to repair an incident, whatever its kind
	Planned   bool        // a labelled rehearsal
	Rollout               // how long it took
	Commit    bool        // its commit is known
	Started   bool        // its start is known
	Contents  bool        // what it brought is known
	First     bool        // it starts the record: what it contains is not known by definition
}

// Lead is one change or pull request on its way to the users of one service.
type Lead struct {
	StartAt     plimsoll.Time // where the clock starts; unknown: CommittedAt
	CommittedAt plimsoll.Time // the other clock, which a rebase resets; unknown: StartAt
	DeliveredAt plimsoll.Time // 0 while open
}

// Restore is one impairment of the users, by a failed deployment or by any incident.
type Restore struct {
	FailedAt   plimsoll.Time
	RestoredAt plimsoll.Time // 0 while open
	Severity   string
}

// Kind is plimsoll.Kind in one byte; the zero Kind is unknown.
type Kind uint8

// The kinds, in the order of plimsoll.Kinds.
const (
	KindInitial Kind = 1 + iota
	KindChange
	KindRollback
	KindRedeploy
	KindHotfix
	KindConfig
)

// KindOf converts k; a name that is no kind becomes the unknown Kind.
func KindOf(k plimsoll.Kind) Kind { return Kind(slices.Index(plimsoll.Kinds, k) + 1) }

// Result is plimsoll.Result in one byte; the zero Result is unknown.
type Result uint8

// The results, in the order of plimsoll.Results.
const (
	ResultRunning Result = 1 + iota
	ResultCanceled
	ResultSuperseded
	ResultSuccess
	ResultFailure
	ResultAborted
	ResultRolledBack
)

// ResultOf converts r; a name that is no result becomes the unknown Result.
func ResultOf(r plimsoll.Result) Result { return Result(slices.Index(plimsoll.Results, r) + 1) }

// EvidenceSet is a set of kinds of evidence.
type EvidenceSet uint8

// evidenceRollback is the set with the one kind that makes a deployment rolled back.
const evidenceRollback EvidenceSet = 1

// evidenceKinds names the bits of an EvidenceSet, from the lowest on: definitions, section 3.
var evidenceKinds = [...]plimsoll.EvidenceKind{
	plimsoll.EvidenceRollback, plimsoll.EvidenceHotfix, plimsoll.EvidenceIncident,
	plimsoll.EvidenceCanary, plimsoll.EvidenceRollout, "impact",
}

// With returns the set with k added. A kind that definitions do not know adds nothing.
func (s EvidenceSet) With(k plimsoll.EvidenceKind) EvidenceSet {
	if i := slices.Index(evidenceKinds[:], k); i >= 0 {
		return s | 1<<i
	}
	return s
}

// Has reports whether k is in the set.
func (s EvidenceSet) Has(k plimsoll.EvidenceKind) bool {
	i := slices.Index(evidenceKinds[:], k)
	return i >= 0 && s&(1<<i) != 0
}
