package metric

// Rollout says how long one deployment to production took, in microseconds. The zero Rollout knows nothing.
type Rollout struct {
	Took    int64 // from its start to its finish, if Timed
	Waited  int64 // of that, in pauses and approvals, if Paused
	Full    int64 // from its start to all traffic, if Stepped
	Timed   bool
	Paused  bool
	Stepped bool // it was a roll-out in steps and succeeded
}

// RolloutOf reads the three times as the store keeps them: microseconds, −1 when not known.
func RolloutOf(took, waited, full int64) Rollout {
	out := Rollout{Timed: took >= 0, Paused: waited >= 0, Stepped: full >= 0}
	out.Took, out.Waited, out.Full = max(took, 0), max(waited, 0), max(full, 0)
	return out
}

// RolloutTimes is how long deployments to production take, in seconds.
type RolloutTimes struct {
	N          int       `json:"n"`
	P50        *float64  `json:"p50"`
	P95        *float64  `json:"p95"`
	CI         *Interval `json:"ci"`          // of p50
	WaitingN   int       `json:"waiting_n"`   // of them, those that say how long they stood still
	WaitingP50 *float64  `json:"waiting_p50"` // pauses and approvals
	ActiveP50  *float64  `json:"active_p50"`  // the rest of the same deployments
	Coverage   *float64  `json:"coverage"`    // share of the deployments with a start and a finish
	TooFew     bool      `json:"too_few"`
}

// FullRollout is the time from the first traffic on a new version to all of it, in seconds.
type FullRollout struct {
	N      int       `json:"n"`
	P50    *float64  `json:"p50"`
	P90    *float64  `json:"p90"`
	CI     *Interval `json:"ci"` // of p50
	TooFew bool      `json:"too_few"`
}

// Rollouts are the samples of both, however they were gathered.
type Rollouts struct {
	Reached                     int // deployments that reached production, the measure of coverage
	Took, Waiting, Active, Full Spans
}

// Times describes the durations.
func (r Rollouts) Times() RolloutTimes {
	out := RolloutTimes{N: r.Took.Len(), WaitingN: r.Waiting.Len(), P50: spanQuantile(r.Took, 0.5), P95: spanQuantile(r.Took, 0.95),
		WaitingP50: spanQuantile(r.Waiting, 0.5), ActiveP50: spanQuantile(r.Active, 0.5), CI: medianInterval(r.Took)}
	out.TooFew = out.N < MinShown
	out.Coverage = part(out.N, r.Reached)
	return out
}

// FullRollout describes the times to all traffic.
func (r Rollouts) FullRollout() FullRollout {
	n := r.Full.Len()
	return FullRollout{N: n, P50: spanQuantile(r.Full, 0.5), P90: spanQuantile(r.Full, 0.9), CI: medianInterval(r.Full), TooFew: n < MinShown}
}

// RolloutsOf gathers the roll-outs of the deployments that ended in the window up to now and reached
// production: those that are counted, and redeploys, which roll out like any other (definitions,
// section 2). A deployment takes from its start to its finish; one without both is not in the sample,
// and coverage says how many are. Pauses are taken as stated and as a part of the same deployment.
func RolloutsOf(ds []Deployment, p Period) Rollouts {
	var took, waiting, active, full collector
	w := p.observed()
	out := Rollouts{}
	for i := range ds {
		d := &ds[i]
		if !w.Contains(d.EndedAt) || !d.Reached() {
			continue
		}
		out.Reached++
		if d.Timed {
			took.add(d.Took)
		}
		if d.Paused {
			waiting.add(d.Waited)
			active.add(d.Took - d.Waited)
		}
		if d.Stepped {
			full.add(d.Full)
		}
	}
	out.Took, out.Waiting, out.Active, out.Full = SortSpans(took.spans), SortSpans(waiting.spans), SortSpans(active.spans), SortSpans(full.spans)
	return out
}

// Reached reports whether the deployment came to its users: it is counted, or rolled out again what ran.
func (d *Deployment) Reached() bool {
	if d.Counted {
		return true
	}
	switch d.Result {
	case ResultSuccess, ResultFailure, ResultAborted, ResultRolledBack:
		return true
	}
	return false
}

// part is k ÷ n, nil for none of none.
func part(k, n int) *float64 {
	if n == 0 {
		return nil
	}
	v := float64(k) / float64(n)
	return &v
}
