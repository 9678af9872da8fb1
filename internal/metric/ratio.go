package metric

import "time"

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
	out := FailureRate{ByEvidence: make(map[string]int, len(evidenceKinds))}
	w := p.observed()
	var kinds [len(evidenceKinds)]int
	for i := range ds {
		d := &ds[i]
		if !d.Judged || !w.Contains(d.EndedAt) {
			continue
		}
		out.Counted++
		switch {
		case d.Failed:
			out.Failed++
			for k := range kinds {
				kinds[k] += int(d.Evidence >> k & 1)
			}
			continue
		case d.Suspected:
			out.Suspected++
		}
		if p.young(d, delay) {
			out.Young++
		}
	}
	for k, n := range kinds {
		out.ByEvidence[string(evidenceKinds[k])] = n
	}
	out.Provisional = out.Young > 0
	out.Ratio, out.CI, out.TooFew = portion(out.Failed, out.Counted)
	if out.Counted >= MinBand {
		out.Grade = b.Grade(ChangeFailureRate, *out.Ratio, out.CI)
	}
	return out
}

// young reports whether a failure of d may still be learnt of.
func (p Period) young(d *Deployment, delay time.Duration) bool {
	return delay > 0 && p.Now != 0 && p.Now.Sub(d.EndedAt) < delay
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
	r := Rework{Share: shareOf(ds, p, Deployment.counted, Deployment.rework)}
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
func RollbacksOf(ds []Deployment, p Period) Rollbacks {
	r := Rollbacks{Share: shareOf(ds, p, Deployment.judged, Deployment.rolledBack)}
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

func (d Deployment) counted() bool { return d.Counted }
func (d Deployment) judged() bool  { return d.Judged }

func (d Deployment) rework() bool {
	return !d.Planned && (d.Kind == KindHotfix || d.Kind == KindRollback || d.Repairs)
}

func (d Deployment) rolledBack() bool {
	return d.Result == ResultRolledBack || d.Evidence.Has(evidenceKinds[0])
}

func shareOf(ds []Deployment, p Period, in, hit func(Deployment) bool) (r Share) {
	w := p.observed()
	for i := range ds {
		if w.Contains(ds[i].EndedAt) && in(ds[i]) {
			r.Counted++
			if hit(ds[i]) {
				r.N++
			}
		}
	}
	r.Ratio, r.CI, r.TooFew = portion(r.N, r.Counted)
	return r
}

// portion is k/n with its interval and whether that is too few.
func portion(k, n int) (*float64, *Interval, bool) {
	if n == 0 {
		return nil, nil, true
	}
	v := float64(k) / float64(n)
	return &v, Wilson(k, n), n < MinShown
}
