package metric

// RestoreTimes is time to restore after failed deployments, with all incidents beside it.
type RestoreTimes struct {
	Basis string `json:"basis"` // deployment
	Durations
	BySeverity   map[string]Durations `json:"by_severity"` // "unknown" where none was stated
	AllIncidents Durations            `json:"all_incidents"`
	Stages       []StageOfRestore     `json:"stages,omitempty"` // from RestoreStagesOf
}

// RestoreTimesOf measures the time from a failure to its end, in seconds, over every failure that
// began in the window (definitions, section 2; recovery from failed deployments, DORA 2023).
// Caused holds one item for each failure by deployments, incidents every incident whatever its cause.
//
// A failure belongs to the window it began in, so that windows add up: it is in the sample once it is
// restored, also after the window, and open while it is not restored now. The Kaplan–Meier median
// watches every failure that lasted into the window, also one that began before it, up to the end of
// the window. The grade is that of the median in b.
func RestoreTimesOf(caused, incidents []Restore, p Period, b *Benchmark) RestoreTimes {
	groups := map[string][]Restore{}
	for _, r := range caused {
		groups[r.SeverityName()] = append(groups[r.SeverityName()], r)
	}
	bySeverity := map[string]Sample{}
	for name, group := range groups {
		bySeverity[name] = RestoreSample(group, p)
	}
	return RestoreTimesFrom(RestoreSample(caused, p), bySeverity, RestoreSample(incidents, p), b)
}

// RestoreTimesFrom makes the answer of RestoreTimesOf from what became of the failures, of those of
// each severity, and of the incidents. A severity without anything in the window is left out.
func RestoreTimesFrom(caused Sample, bySeverity map[string]Sample, incidents Sample, b *Benchmark) RestoreTimes {
	out := RestoreTimes{
		Basis:        "deployment",
		Durations:    caused.Durations(TimeToRestore, b),
		BySeverity:   map[string]Durations{},
		AllIncidents: incidents.Durations(TimeToRestore, b),
	}
	for name, s := range bySeverity {
		if d := s.Durations(TimeToRestore, b); d.N+d.Open+d.Negative > 0 {
			out.BySeverity[name] = d
		}
	}
	return out
}

// SeverityName is the severity as answers name it.
func (r Restore) SeverityName() string {
	if r.Severity == "" {
		return "unknown"
	}
	return r.Severity
}

// restored reports whether the failure is known to be over now.
func (p Period) restored(r Restore) bool {
	return r.RestoredAt != 0 && (p.Now == 0 || r.RestoredAt < p.Now)
}

// RestoreSample is what became of failures in a period, of whatever kind they are.
func RestoreSample(rs []Restore, p Period) Sample {
	var s collector
	var ended []int64
	w := p.observed()
	for _, f := range rs {
		if f.FailedAt == 0 || f.FailedAt >= w.To {
			continue
		}
		if w.Contains(f.FailedAt) {
			if p.restored(f) {
				s.add(int64(f.RestoredAt - f.FailedAt))
			} else {
				s.Open++
			}
		}
		switch over := f.RestoredAt; {
		case over != 0 && (over < w.From || over < f.FailedAt):
		case over != 0 && over < w.To:
			s.risk.Enter(int64(w.From - f.FailedAt))
			ended = append(ended, int64(over-f.FailedAt))
		case w.From < w.To:
			s.risk.Enter(int64(w.From - f.FailedAt))
			s.risk.Censored = append(s.risk.Censored, int64(w.To-f.FailedAt))
		}
	}
	out := s.sample()
	out.Risk = func() Risk {
		s.risk.Ended = SortSpans(ended)
		return s.risk
	}
	return out
}
