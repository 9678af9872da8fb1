package metric

import (
	"fmt"
	"slices"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// Sign is one way in which a number can look better than what it stands for, and whether the facts show
// it. It speaks of a scope, never of a person, and it is a question for the review: each of these also
// has innocent causes. There is no sum of signs and no score.
type Sign struct {
	Sign     string   `json:"sign"`
	State    string   `json:"state"`
	Question string   `json:"question"` // "" unless raised
	Facts    []string `json:"facts"`    // ids behind it, in order, at most MostSignFacts; none unless raised
	Found    int      `json:"found"`    // how many facts there are
	N        int      `json:"n"`        // out of how many
	Expected float64  `json:"expected"` // share of n, or number, that chance or the past explains
	Observed float64  `json:"observed"` // in the same unit
	Chance   *float64 `json:"chance"`   // probability of this or more if there were nothing; nil: not tested
	Strength string   `json:"strength"` // "" unless raised
}

// States and strengths of a sign.
const (
	SignRaised = "raised"
	SignSilent = "silent"
	SignNoData = "no_data" // nothing to look at

	SignSome  = "some"
	SignClear = "clear" // less than one in two thousand by chance
)

// Limits of the signs.
const (
	// signChance is how rarely chance alone may raise a sign. Ten signs at one in two hundred raise a
	// false question in one review of twenty, and the tests are exact, so that it is less.
	signChance  = 0.005
	clearChance = 0.0005
	// MostSignFacts bounds the list of facts of a sign.
	MostSignFacts = 100
)

// SignDeployment is a production deployment as the signs look at it.
type SignDeployment struct {
	ID         string
	Service    string
	Repository string
	Build      string // commit, else version; "" is unknown
	Previous   string // the build that ran before; "" is unknown
	Kind       plimsoll.Kind
	Stated     bool // the kind was stated, not derived
	Counted    bool
	Judged     bool
	Failed     bool          // has accepted evidence
	TakenBack  bool          // was rolled back, planned or not
	Harmful    bool          // the verdict says so
	Repairs    bool          // a hotfix, a roll-back or the fix of an incident
	Changes    *int          // how many it contains; nil is unknown
	StartedAt  plimsoll.Time // 0 is unknown
	EndedAt    plimsoll.Time
	Repaired   plimsoll.Time // start of the first hotfix or repair after it; 0: none
}

// SignIncident is an incident as the signs look at it.
type SignIncident struct {
	ID          string
	ResolvedAt  plimsoll.Time // the first time; 0 while open
	ReopenedAt  plimsoll.Time // 0: never
	RecoveredAt plimsoll.Time // when the indicator was well again; 0 is unknown
	StartedAt   plimsoll.Time
}

// SignChange is a delivered change, or a pull request, as the signs look at it.
type SignChange struct {
	ID          string
	OpenedAt    plimsoll.Time // of its pull request; 0 is unknown
	OldestAt    plimsoll.Time // author date of the oldest commit that the pull request has now; 0 is unknown
	MergedAt    plimsoll.Time // 0 is unknown
	DeliveredAt plimsoll.Time
}

// SignException is one exception from a freeze.
type SignException struct {
	ID string
	At plimsoll.Time
}

// SignFacts are what the signs look at: everything of a scope in the two windows. Later is the one asked
// about, Earlier the past that it is held against; it may be empty.
type SignFacts struct {
	Earlier, Later plimsoll.Window
	Zone           *time.Location // cuts days and months; nil is UTC
	HotfixLimit    time.Duration  // 0 is 24 hours
	Deployments    []SignDeployment
	Incidents      []SignIncident
	Changes        []SignChange
	Exceptions     []SignException
}

// GamingSigns looks for every sign of definitions, section 7, in a fixed order. Facts may come in any
// order.
func GamingSigns(f SignFacts) []Sign {
	if f.Zone == nil {
		f.Zone = time.UTC
	}
	if f.HotfixLimit == 0 {
		f.HotfixLimit = 24 * time.Hour
	}
	return []Sign{
		f.emptyDeployments(), f.splitDeployments(), f.reopenedIncidents(), f.earlyResolutions(), f.relabelledConfig(),
		f.hurriedReviews(), f.monthEndBursts(), f.lateHotfixes(), f.rewrittenCommits(), f.unrecordedFailures(),
		f.freezeExceptions(),
	}
}

// share tests found of n against an expected share, one-sided and exactly. It needs at least least facts:
// a sign that rests on one or two is an anecdote.
func (s Sign) share(ids []string, n int, expected float64, least int, question string) Sign {
	s.Found, s.N, s.Expected, s.State = len(ids), n, expected, SignSilent
	if n == 0 {
		s.State = SignNoData
		return s
	}
	s.Observed = float64(len(ids)) / float64(n)
	p := 1 - binomialCDF(len(ids)-1, n, expected)
	s.Chance = &p
	if len(ids) >= least && p <= signChance {
		s = s.raise(ids, question)
	}
	return s
}

// count tests a number against the expected one as a Poisson count.
func (s Sign) count(ids []string, found, n int, expected float64, least int, question string) Sign {
	s.Found, s.N, s.Expected, s.Observed, s.State = found, n, expected, float64(found), SignSilent
	if n == 0 {
		s.State = SignNoData
		return s
	}
	p := 1.0
	if found > 0 {
		p = gammaP(float64(found), expected) // of at least found
	}
	s.Chance = &p
	if found >= least && p <= signChance {
		s = s.raise(ids, question)
	}
	return s
}

func (s Sign) raise(ids []string, question string) Sign {
	s.State, s.Question, s.Strength = SignRaised, question, SignSome
	if s.Chance != nil && *s.Chance <= clearChance {
		s.Strength = SignClear
	}
	ids = slices.Clone(ids)
	slices.Sort(ids)
	s.Facts = slices.Compact(ids)
	s.Facts = s.Facts[:min(len(s.Facts), MostSignFacts)]
	return s
}

// pastShare is k of n in the past as an expectation: no lower than least, which stands for what is
// ordinary anywhere, and for the whole of it where the past has fewer than MinBand.
func pastShare(k, n int, least float64) float64 {
	if n < MinBand {
		return least
	}
	return min(max(float64(k)/float64(n), least), 0.99)
}

// percent writes a share of a question.
func percent(k, n int) string { return asRatio.say(float64(k) / float64(max(n, 1))) }

// of writes "5 of 40 deployments (12.5 %)".
func of(k, n int, what string) string {
	return fmt.Sprintf("%d of %d %s (%s)", k, n, what, percent(k, n))
}
