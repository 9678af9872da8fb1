package oracle

import (
	"math"
	"slices"
	"strings"
	"time"
)

// What follows computes figures by their rules, from what our API answers.

// failed lists the failed deployments of a window.
func (w *world) failed(from, to string) []string {
	ids := []string{}
	for _, d := range w.deployments(from, to) {
		if d.Failed {
			ids = append(ids, d.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// restored counts by their rule: every impairment that ended in the window,
// whenever it began. Ours belong to the window they began in, so each one is
// asked for by itself, in the microsecond of its beginning.
func (w *world) restored() (n int, mean float64) {
	sum := 0.0
	for _, d := range w.deployments(beginning, end) {
		if !d.Failed {
			continue
		}
		one := w.measures("service:"+d.Service, d.FinishedAt, after(d.FinishedAt)).TimeToRestore
		if one.N == 0 {
			continue // it shares the clock of the failure before it, or is still open
		}
		over := moment(d.FinishedAt).Add(time.Duration(math.Round(*one.Mean*1e6)) * time.Microsecond)
		if !over.Before(moment(w.from)) && over.Before(moment(w.to)) {
			n++
			sum += *one.Mean
		}
	}
	return n, sum / float64(n)
}

// perService reads the times to restore of each service, and their mean. By
// their rule a service without failures has 0, which counts in the mean.
func (w *world) perService(field string) reading {
	ours, theirs, sum := map[string]*float64{}, map[string]float64{}, 0.0
	for _, e := range w.events {
		name := e.text("service")
		if _, seen := ours[name]; seen {
			continue
		}
		ours[name] = w.measures("service:"+name, w.from, w.to).TimeToRestore.Mean
		theirs[name] = 0
		if ours[name] != nil {
			theirs[name] = *ours[name]
			sum += *ours[name]
		}
	}
	if field == "macro_mean_seconds" {
		return reading{w.now.TimeToRestore.Mean, sum / float64(len(theirs))}
	}
	return reading{ours, theirs}
}

// floored is their average: deployments by calendar bucket, averaged over all
// buckets that the window touches, cut to a whole number.
func (w *world) floored(bucket string) float64 {
	points := w.series("deployment_frequency", bucket, w.from, w.to)
	sum := 0.0
	for _, p := range points {
		sum += float64(p.N)
	}
	return math.Floor(share(sum, float64(len(points))))
}

// samples reads the two halves of a lead time from the list of changes: up to
// the merge and from the merge on. By their rule every build counts, also one
// without a pull request.
func (w *world) samples(field string) *float64 {
	var before, since []float64
	for _, c := range w.changes(w.from, w.to) {
		before = append(before, moment(c.CommittedAt).Sub(moment(c.StartAt)).Minutes())
		since = append(since, moment(c.DeliveredAt).Sub(moment(c.CommittedAt)).Minutes())
	}
	var v float64
	switch field {
	case "pr_minutes":
		v = round(mean(before), 2)
	case "pipeline_minutes":
		v = round(mean(since), 2)
	default: // they add what they had rounded
		v = round(mean(before), 2) + round(mean(since), 2)
	}
	return &v
}

// number is the first of the fields that the case states, in its expectation
// or its question.
func (w *world) number(fields ...string) float64 {
	for _, f := range fields {
		if v, ok := w.Expect[f].(float64); ok {
			return v
		}
	}
	return w.Query.Days + w.Query.WorkingDays
}

// share is a/b, and 0 where there is nothing to divide by, as they have it.
func share(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func mean(list []float64) float64 {
	sum := 0.0
	for _, v := range list {
		sum += v
	}
	return share(sum, float64(len(list)))
}

func round(v, places float64) float64 {
	unit := math.Pow(10, places)
	return math.Round(v*unit) / unit
}

// rounded scales and rounds a value of ours; what is not known stays so.
func rounded(v *float64, scale, places float64) *float64 {
	if v == nil {
		return nil
	}
	r := round(*v*scale, places)
	return &r
}

// weekOf is the Monday of a moment.
func weekOf(at string) string {
	t := moment(at).UTC()
	day := t.AddDate(0, 0, -(int(t.Weekday())+6)%7)
	return strings.Split(stamp(day), "T")[0] + "T00:00:00Z"
}
