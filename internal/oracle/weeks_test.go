package oracle

// weeks reads a figure week by week. Which figure it is, the case shows by what
// it states of a week.
func (w *world) weeks() reading {
	weeks, _ := w.Expect["weeks"].(map[string]any)
	for _, v := range weeks {
		stated, _ := v.(map[string]any)
		switch {
		case stated == nil:
			return reading{ours: w.deploymentsByWeek()}
		case has(stated, "change_failure_rate"):
			return reading{ours: w.failuresByWeek()}
		case has(stated, "mean_seconds"):
			return w.incidentsByWeek()
		}
	}
	return reading{}
}

func has(m map[string]any, key string) bool {
	_, ok := m[key]
	return ok
}

func (w *world) deploymentsByWeek() any {
	out := map[string]int{}
	for _, p := range w.series("deployment_frequency", "week", w.from, w.to) {
		out[weekOf(p.From)] = p.N
	}
	return out
}

func (w *world) failuresByWeek() any {
	type week struct {
		Deployments int      `json:"deployments"`
		Failed      []string `json:"failed_deployments"`
		Rate        *float64 `json:"change_failure_rate"`
	}
	out := map[string]*week{}
	for _, p := range w.series("change_failure_rate", "week", w.from, w.to) {
		out[weekOf(p.From)] = &week{p.N, []string{}, p.Value}
	}
	for _, d := range w.deployments(w.from, w.to) {
		if at := out[weekOf(d.FinishedAt)]; d.Failed && at != nil {
			at.Failed = append([]string{d.ID}, at.Failed...) // the list begins with the latest
		}
	}
	return out
}

// incidentsByWeek puts an incident into the week it began in, as all our
// windows do; and again into the week it was resolved in, as they do.
func (w *world) incidentsByWeek() reading {
	type week struct {
		Mean      *float64 `json:"mean_seconds"`
		Incidents int      `json:"incidents"`
	}
	ours, theirs := map[string]week{}, map[string]week{}
	spans := map[string][]float64{}
	for _, i := range w.incidents(beginning, end) {
		if at := i.ResolvedAt; at != nil && !moment(*at).Before(moment(w.from)) && moment(*at).Before(moment(w.to)) {
			spans[weekOf(*at)] = append(spans[weekOf(*at)], i.Restore)
		}
	}
	points := w.series("deployment_frequency", "week", w.from, w.to) // only for the weeks
	for n, p := range points {
		to := w.to
		if n+1 < len(points) {
			to = points[n+1].From
		}
		all := w.measures("org", p.From, to).TimeToRestore.AllIncidents
		at := weekOf(p.From)
		ours[at] = week{all.Mean, all.N}
		theirs[at] = week{nil, len(spans[at])}
		if len(spans[at]) > 0 {
			v := mean(spans[at])
			theirs[at] = week{&v, len(spans[at])}
		}
	}
	return reading{ours, theirs}
}
