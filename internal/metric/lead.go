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
	out.Durations = leadDurations(f.Changes, out.Clock, p, b)
	out.PullRequest = leadDurations(f.PullRequests, out.Clock, p, b)

	var oldest sample
	w := p.observed()
	for i := range f.Deployments {
		if d := &f.Deployments[i]; d.OldestAt != 0 && w.Contains(d.EndedAt) {
			oldest.add(int64(d.EndedAt - d.OldestAt))
		}
	}
	out.Oldest = oldest.durations(LeadTime, b)
	return out
}

// startOf is where the clock starts, or 0 when nobody knows.
func (c Clock) startOf(l *Lead) plimsoll.Time {
	if c == Committed {
		return l.CommittedAt.Or(l.StartAt)
	}
	return l.StartAt.Or(l.CommittedAt)
}

func leadDurations(ls []Lead, clock Clock, p Period, b *Benchmark) Durations {
	var s sample
	var r risk
	w := p.observed()
	if w.From >= w.To {
		return s.durations(LeadTime, b)
	}
	for i := range ls {
		l := &ls[i]
		start, delivered := clock.startOf(l), w.Contains(l.DeliveredAt)
		switch {
		case l.DeliveredAt != 0 && l.DeliveredAt < w.From:
		case start == 0:
			if delivered {
				s.unstamped++
			}
		case delivered:
			s.add(int64(l.DeliveredAt - start))
			if l.DeliveredAt >= start {
				r.enter(int64(w.From - start))
			}
		case start < w.To:
			s.open++
			r.enter(int64(w.From - start))
			r.censored = append(r.censored, int64(w.To-start))
		}
	}
	d := s.durations(LeadTime, b)
	r.ended = s.spans
	d.KMP50 = r.median()
	d.Histogram = s.histogram()
	return d
}
