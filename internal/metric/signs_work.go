package metric

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// reopenedSoon is within what time a resolved incident that is opened again was not resolved.
const reopenedSoon = 24 * time.Hour

// reopenedIncidents: an incident that is resolved and reopened within a day ended on paper. One in twenty
// is ordinary, or what the past had.
func (f SignFacts) reopenedIncidents() Sign {
	ids, n := f.incidents(f.Later, reopened)
	past, before := f.incidents(f.Earlier, reopened)
	return Sign{Sign: "reopened_incidents"}.share(ids, n, pastShare(len(past), before, 0.05), 3, fmt.Sprintf(
		"%s were resolved and reopened within a day. Were they over?", of(len(ids), n, "incidents")))
}

func reopened(i *SignIncident) (in, hit bool) {
	return i.ResolvedAt != 0, i.ReopenedAt > i.ResolvedAt && i.ReopenedAt.Sub(i.ResolvedAt) <= reopenedSoon
}

// earlyBy is how much earlier than the recovery a resolution must be: an indicator is known to the minute
// or two, and people look before they press the button.
const earlyBy = 5 * time.Minute

// earlyResolutions: the incident was resolved before its indicator was well again.
func (f SignFacts) earlyResolutions() Sign {
	early := func(i *SignIncident) (in, hit bool) {
		return i.ResolvedAt != 0 && i.RecoveredAt != 0, i.RecoveredAt.Sub(i.ResolvedAt) > earlyBy
	}
	ids, n := f.incidents(f.Later, early)
	past, before := f.incidents(f.Earlier, early)
	return Sign{Sign: "early_resolutions"}.share(ids, n, pastShare(len(past), before, 0.1), 3, fmt.Sprintf(
		"%s were resolved before their indicator had recovered. What does resolved mean here?", of(len(ids), n, "incidents")))
}

func (f SignFacts) incidents(w plimsoll.Window, look func(*SignIncident) (in, hit bool)) (ids []string, n int) {
	for i := range f.Incidents {
		x := &f.Incidents[i]
		if !w.Contains(x.StartedAt) {
			continue
		}
		if in, hit := look(x); in {
			n++
			if hit {
				ids = append(ids, x.ID)
			}
		}
	}
	return ids, n
}

// hurried is a review too short to be one.
const hurried = 5 * time.Minute

// hurriedReviews: more changes are merged within five minutes of being opened than before, and more
// deployments fail. Each alone is somebody's good idea; the sign needs both to be beyond chance, by the
// 95 % interval of each difference, and a fifth of all changes to be hurried.
func (f SignFacts) hurriedReviews() Sign {
	s := Sign{Sign: "hurried_reviews", State: SignSilent}
	past, before := f.reviews(f.Earlier)
	ids, n := f.reviews(f.Later)
	if s.N, s.Found = n, len(ids); n == 0 || before == 0 {
		s.State = SignNoData
		return s
	}
	s.Expected, s.Observed = float64(len(past))/float64(before), float64(len(ids))/float64(n)
	judged := func(d *SignDeployment) bool { return d.Judged }
	failed := func(d *SignDeployment) bool { return d.Failed }
	failedPast, judgedPast := f.which(f.Earlier, judged, failed)
	failedNow, judgedNow := f.which(f.Later, judged, failed)
	rose := func(k1, n1, k2, n2 int) bool {
		a, ciA, few := portion(k1, n1)
		b, ciB, fewer := portion(k2, n2)
		d := Difference(Estimate{a, ciA}, Estimate{b, ciB})
		return !few && !fewer && d.Distinguishable && *d.Difference > 0
	}
	if s.Observed >= 0.2 && rose(len(past), before, len(ids), n) && rose(len(failedPast), judgedPast, len(failedNow), judgedNow) {
		s = s.raise(ids, fmt.Sprintf("%s were merged within 5 minutes, %s before, while failures rose from %s to %s. Is anybody reading them?",
			of(len(ids), n, "changes"), percent(len(past), before),
			percent(len(failedPast), judgedPast), percent(len(failedNow), judgedNow)))
	}
	return s
}

func (f SignFacts) reviews(w plimsoll.Window) (ids []string, n int) {
	for i := range f.Changes {
		c := &f.Changes[i]
		if w.Contains(c.MergedAt) && c.OpenedAt != 0 && c.OpenedAt <= c.MergedAt {
			n++
			if c.MergedAt.Sub(c.OpenedAt) < hurried {
				ids = append(ids, c.ID)
			}
		}
	}
	return ids, n
}

// clockSkew is what two machines may disagree by.
const clockSkew = 5 * time.Minute

// rewrittenCommits: a pull request needs a commit to be opened. If the oldest that it has now was written
// after it was opened, the first ones were replaced, and the clock of lead time began anew. That dates of
// writing and committing differ says nothing: every rebase does that. One in twenty is ordinary, or what
// the past had.
func (f SignFacts) rewrittenCommits() Sign {
	look := func(w plimsoll.Window) (ids []string, n int) {
		for i := range f.Changes {
			c := &f.Changes[i]
			if w.Contains(c.DeliveredAt) && c.OpenedAt != 0 && c.OldestAt != 0 {
				n++
				if c.OldestAt.Sub(c.OpenedAt) > clockSkew {
					ids = append(ids, c.ID)
				}
			}
		}
		return ids, n
	}
	past, before := look(f.Earlier)
	ids, n := look(f.Later)
	return Sign{Sign: "rewritten_commits"}.share(ids, n, pastShare(len(past), before, 0.05), 3, fmt.Sprintf(
		"In %s the oldest commit is younger than the pull request itself. Were commits rewritten, and did that shorten lead times?",
		of(len(ids), n, "changes")))
}

// freezeExceptions: exceptions from freezes become more frequent. Given all of both windows, each falls
// into the later one with the share of days that it has, if the rate is the same.
func (f SignFacts) freezeExceptions() Sign {
	var ids []string
	n := 0
	for _, e := range f.Exceptions {
		switch {
		case f.Later.Contains(e.At):
			ids = append(ids, e.ID)
			n++
		case f.Earlier.Contains(e.At):
			n++
		}
	}
	before, after := Days(f.Earlier, f.Zone), Days(f.Later, f.Zone)
	s := Sign{Sign: "freeze_exceptions"}
	if before == 0 || after == 0 {
		s.State, s.Found, s.N = SignNoData, len(ids), n
		return s
	}
	return s.share(ids, n, after/(before+after), MinShown, fmt.Sprintf(
		"%d exceptions from freezes in %s days, %d in the %s days before. Is the freeze still one?",
		len(ids), digits(after), n-len(ids), digits(before)))
}

const (
	monthEndDays   = 3 // workdays
	burstFactor    = 1.5
	burstShuffles  = 4000
	burstMonths    = 3
	leastWorkdays  = 15 // of a month that is whole enough to have an end
	burstSeed      = 0x9e3779b97f4a7c15
	leastBurstings = 10
)

// monthEndBursts: more is deployed on the last three workdays of the months than on three others. The
// test places the three days elsewhere in each month, at random, and asks how often they then hold as
// many deployments; busy weeks and quiet ones do not fool it. It needs three months, ten deployments and
// half as much again as expected. The draws have a fixed seed.
func (f SignFacts) monthEndBursts() Sign {
	s := Sign{Sign: "month_end_bursts", State: SignSilent}
	months := f.workdays()
	if len(months) < burstMonths {
		s.State = SignNoData
		return s
	}
	var ids []string
	for _, m := range months {
		for i, day := range m {
			s.N += len(day)
			s.Expected += float64(len(day)) * monthEndDays / float64(len(m))
			if i >= len(m)-monthEndDays {
				ids = append(ids, day...)
			}
		}
	}
	if s.Found, s.Observed = len(ids), float64(len(ids)); s.N == 0 {
		s.State = SignNoData
		return s
	}
	rng := rand.New(rand.NewPCG(burstSeed, uint64(len(months))))
	asMany := 1 // the order that happened is one of those that can
	for range burstShuffles {
		n := 0
		for _, m := range months {
			at := rng.IntN(len(m) - monthEndDays + 1)
			for _, day := range m[at : at+monthEndDays] {
				n += len(day)
			}
		}
		if n >= len(ids) {
			asMany++
		}
	}
	p := float64(asMany) / (burstShuffles + 1)
	s.Chance = &p
	if len(ids) >= leastBurstings && s.Observed >= burstFactor*s.Expected && p <= signChance {
		s = s.raise(ids, fmt.Sprintf(
			"%d of %d deployments fell on the last three workdays of a month, where %s are to be expected. What is it that ends with the month?",
			len(ids), s.N, digits(s.Expected)))
	}
	return s
}

// workdays are the counted deployments of each workday, by month, of the months that lie whole in the
// later window, and in the earlier one where it leads up to that: a quarter seldom holds three.
func (f SignFacts) workdays() (months [][][]string) {
	w := f.Later
	if f.Earlier.To == w.From && f.Earlier.From < w.From {
		w.From = f.Earlier.From
	}
	days := locator{buckets: Buckets(w, f.Zone, Day)}
	byDay := make([][]string, len(days.buckets))
	for i := range f.Deployments {
		d := &f.Deployments[i]
		if k := days.find(d.EndedAt); k >= 0 && d.Counted && !d.Repairs {
			byDay[k] = append(byDay[k], d.ID)
		}
	}
	for _, m := range Buckets(w, f.Zone, Month) {
		if m.Partial {
			continue
		}
		var month [][]string
		for k := days.find(m.From); k >= 0 && k < len(byDay) && days.buckets[k].From < m.To; k++ {
			if weekday := dateOf(days.buckets[k].From, f.Zone).Weekday(); weekday != time.Saturday && weekday != time.Sunday {
				month = append(month, byDay[k])
			}
		}
		if len(month) >= leastWorkdays {
			months = append(months, month)
		}
	}
	return months
}
