package metric

import (
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// FailureRate is the change failure rate. Counted is its n.
type FailureRate struct {
	Ratio       *float64       `json:"ratio"`   // nil when nothing counted
	Failed      int            `json:"failed"`  // with accepted evidence
	Counted     int            `json:"counted"` // deployments that brought something new to production
	CI          *Interval      `json:"ci"`
	Suspected   int            `json:"suspected"`   // with evidence nobody has accepted; not in failed
	Provisional bool           `json:"provisional"` // some are so young that a failure may still be learnt of
	Young       int            `json:"young"`       // how many: younger than the delay and not failed
	TooFew      bool           `json:"too_few"`
	ByEvidence  map[string]int `json:"by_evidence"` // failed deployments by kind of evidence; one may have several
	Grade
}

// FailureRateOf is failed ÷ counted of the judged deployments that ended in the window up to now, with
// a Wilson interval (definitions, sections 2 and 3). Delay is how long after a deployment its failure
// is usually learnt of; 0 makes nothing provisional.
func FailureRateOf(ds []Deployment, p Period, delay time.Duration, b *Benchmark) FailureRate {
	var all, young Tally
	w, recent := p.observed(), p.Young(delay)
	for i := range ds {
		d := &ds[i]
		if w.Contains(d.EndedAt) {
			all.Add(d)
			if recent.Contains(d.EndedAt) {
				young.Add(d)
			}
		}
	}
	return all.FailureRate(young, b)
}

// Young is the part of the observed window in which a failure of a deployment may still be learnt of:
// what ended less than delay before now. Without a delay or a now it is empty.
func (p Period) Young(delay time.Duration) plimsoll.Window {
	w := p.observed()
	if delay <= 0 || p.Now == 0 {
		return plimsoll.Window{From: w.To, To: w.To}
	}
	w.From = max(w.From, p.Now.Add(-delay)+1)
	return w
}

// FailureRate makes the answer of FailureRateOf from the tally of the observed window and from that of
// its part that is young.
func (t Tally) FailureRate(young Tally, b *Benchmark) FailureRate {
	out := FailureRate{
		Failed: t.Failed, Counted: t.Judged, Suspected: t.Suspected, Young: young.Judged - young.Failed,
		ByEvidence: make(map[string]int, len(evidenceKinds)),
	}
	for k, n := range t.ByEvidence {
		out.ByEvidence[string(evidenceKinds[k])] = n
	}
	out.Provisional = out.Young > 0
	out.Ratio, out.CI, out.TooFew = portion(out.Failed, out.Counted)
	if out.Counted >= MinBand {
		out.Grade = b.Grade(ChangeFailureRate, *out.Ratio, out.CI)
	}
	return out
}

// Share is a share of deployments. Counted is its denominator, N its numerator.
type Share struct {
	Ratio   *float64  `json:"ratio"` // nil when nothing counted
	N       int       `json:"n"`
	Counted int       `json:"counted"`
	CI      *Interval `json:"ci"`
	TooFew  bool      `json:"too_few"`
}

// Rework is the rework rate, with its place in a set that has one.
type Rework struct {
	Share
	Grade
}

// ReworkOf is the share of counted deployments in the window that were made, unplanned, to repair
// production: a hotfix, a roll-back, or one linked to an incident as its fix (definitions, section 2;
// deployment rework rate, DORA 2024).
func ReworkOf(ds []Deployment, p Period, b *Benchmark) Rework {
	return tallyOf(ds, p.observed()).ReworkRate(b)
}

// ReworkRate makes the answer of ReworkOf from the tally of the observed window.
func (t Tally) ReworkRate(b *Benchmark) Rework {
	r := Rework{Share: shareOf(t.Rework, t.Counted)}
	if r.Counted >= MinBand {
		r.Grade = b.Grade(ReworkRate, *r.Ratio, r.CI)
	}
	return r
}

// Rollbacks is the rollback rate with a reading of it.
type Rollbacks struct {
	Share
	Reading *string `json:"reading"` // nil below MinBand deployments
}

// RollbacksOf is the share of judged deployments in the window that were rolled back: by their result
// or by accepted evidence (definitions, section 2, with its reading of the value).
func RollbacksOf(ds []Deployment, p Period) Rollbacks { return tallyOf(ds, p.observed()).Rollbacks() }

// Rollbacks makes the answer of RollbacksOf from the tally of the observed window.
func (t Tally) Rollbacks() Rollbacks {
	r := Rollbacks{Share: shareOf(t.RolledBack, t.Judged)}
	if r.Counted < MinBand {
		return r
	}
	text := "healthy"
	switch v := *r.Ratio; {
	case v > 0.10:
		text = "pre-production testing inadequate"
	case v > 0.05:
		text = "elevated"
	case v < 0.01 && r.Counted >= 100:
		text = "perhaps not rolling back when you should"
	case v < 0.01:
		return r // too few to tell a good record from a timid one
	}
	r.Reading = &text
	return r
}

func tallyOf(ds []Deployment, w plimsoll.Window) (t Tally) {
	for i := range ds {
		if w.Contains(ds[i].EndedAt) {
			t.Add(&ds[i])
		}
	}
	return t
}

func shareOf(k, n int) Share {
	s := Share{N: k, Counted: n}
	s.Ratio, s.CI, s.TooFew = portion(k, n)
	return s
}

// portion is k/n with its interval and whether that is too few.
func portion(k, n int) (*float64, *Interval, bool) {
	if n == 0 {
		return nil, nil, true
	}
	v := float64(k) / float64(n)
	return &v, Wilson(k, n), n < MinShown
}
