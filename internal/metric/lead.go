package metric

import "github.com/plimsoll-dev/plimsoll"

// Clock says where the clock of a lead time starts.
type Clock string

// The clocks. A rebase resets the committed one.
const (
	Authored  Clock = "authored" // the default
	Committed Clock = "committed"
)

// LeadFacts are what lead time is computed from, pooled over the services of the scope.
type LeadFacts struct {
	Changes      []Lead       // one per change and service
	PullRequests []Lead       // one per pull request and service
	Deployments  []Deployment // for the oldest new commit of each
	Clock        Clock        // "" is Authored
}

// LeadTimes is lead time by change, with the other bases beside it.
type LeadTimes struct {
	Basis string `json:"basis"` // change
	Clock Clock  `json:"clock"`
	Durations
	PullRequest Durations `json:"pull_request"` // first commit to delivery
	Oldest      Durations `json:"oldest"`       // one value per deployment: its oldest new commit

	Stages []StageTimes `json:"stages,omitempty"` // by StagesOf, where they were asked for
}

// LeadTimesOf measures the time from a change to its delivery, in seconds, over everything delivered in
// the window up to now (definitions, section 2; Forsgren, Humble and Kim 2018). Zero stays; what was
// delivered before it began is left out and counted. What began before the end of the window and was
// not delivered by then is open, also when it was delivered since. The Kaplan–Meier median watches
// every item from the start of the window, or its own, to its delivery or the end of the window. Of
// deployments nothing can be open. The grade is that of the median in b.
func LeadTimesOf(f LeadFacts, p Period, b *Benchmark) LeadTimes {
	out := LeadTimes{Basis: "change", Clock: f.Clock}
	if out.Clock == "" {
		out.Clock = Authored
	}
	w := p.observed()
	var oldest collector
	for i := range f.Deployments {
		if d := &f.Deployments[i]; d.OldestAt != 0 && w.Contains(d.EndedAt) {
			oldest.add(int64(d.EndedAt - d.OldestAt))
		}
	}
	o := oldest.sample()
	o.Risk = nil
	return out.from(leadSample(f.Changes, out.Clock, p), leadSample(f.PullRequests, out.Clock, p), o, b)
}

// LeadTimesFrom makes the answer of LeadTimesOf from what became of the changes, of the pull requests
// and of the oldest commits of the deployments.
func LeadTimesFrom(changes, pulls, oldest Sample, b *Benchmark) LeadTimes {
	return LeadTimes{Basis: "change", Clock: Authored}.from(changes, pulls, oldest, b)
}

func (l LeadTimes) from(changes, pulls, oldest Sample, b *Benchmark) LeadTimes {
	l.Durations, l.PullRequest, l.Oldest = changes.leads(b), pulls.leads(b), oldest.Durations(LeadTime, b)
	return l
}

func (s Sample) leads(b *Benchmark) Durations {
	d := s.Durations(LeadTime, b)
	d.Histogram = histogramOf(s.Spans)
	return d
}

// startOf is where the clock starts, or 0 when nobody knows.
func (c Clock) startOf(l *Lead) plimsoll.Time {
	if c == Committed {
		return l.CommittedAt.Or(l.StartAt)
	}
	return l.StartAt.Or(l.CommittedAt)
}

func leadSample(ls []Lead, clock Clock, p Period) Sample {
	var s collector
	w := p.observed()
	if w.From >= w.To {
		return s.sample()
	}
	for i := range ls {
		l := &ls[i]
		start, delivered := clock.startOf(l), w.Contains(l.DeliveredAt)
		switch {
		case l.DeliveredAt != 0 && l.DeliveredAt < w.From:
		case start == 0:
			if delivered {
				s.Unstamped++
			}
		case delivered:
			s.add(int64(l.DeliveredAt - start))
			if l.DeliveredAt >= start {
				s.risk.Enter(int64(w.From - start))
			}
		case start < w.To:
			s.Open++
			s.risk.Enter(int64(w.From - start))
			s.risk.Censored = append(s.risk.Censored, int64(w.To-start))
		}
	}
	return s.sample()
}
