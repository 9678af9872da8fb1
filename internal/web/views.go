package web

import (
	"context"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/chart"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/query"
	"github.com/plimsoll-dev/plimsoll/internal/ui"
)

// tiles turns a summary into the four figures of a page. It only carries over.
func tiles(s query.Summary, window string) []ui.Figure {
	out := figures(s.Now)
	for i := range out {
		t := s.Tiles[i]
		out[i].Distinguishable = t.Delta.Distinguishable
		out[i].Href = ui.ExplainHref(string(t.Measure), window, s.Now.Scope)
		out[i].Trend, out[i].PreviousTrend = values(t.Series), values(t.Previous)
	}
	before := figures(s.Before)
	for i := range out {
		out[i].Previous = before[i].Value
	}
	return out
}

// figures are the four keys in the order of every page.
func figures(m query.Measures) []ui.Figure {
	f, l, c, r := m.DeploymentFrequency, m.LeadTime, m.ChangeFailureRate, m.TimeToRestore
	out := []ui.Figure{
		{Kind: ui.Frequency, Value: f.PerDay, N: ui.WholeDays(f.Days, f.Deployments), Part: f.Deployments, Band: word(f.Band)},
		{Kind: ui.LeadTime, Value: l.P50, N: l.N, P90: l.P90, Open: l.Open, Band: word(l.Band)},
		{Kind: ui.FailureRate, Value: c.Ratio, N: c.Counted, Part: c.Failed, Provisional: c.Provisional, Band: word(c.Band)},
		{Kind: ui.Restore, Value: r.P50, N: r.N, P90: r.P90, Open: r.Open, Band: word(r.Band)},
	}
	for i, ci := range []*metric.Interval{f.CI, l.CI, c.CI, r.CI} {
		if ci != nil {
			out[i].Low, out[i].High = &ci[0], &ci[1]
		}
	}
	return out
}

func word(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func values(points []metric.Point) []*float64 {
	out := make([]*float64, len(points))
	for i, p := range points {
		out[i] = p.Value
	}
	return out
}

func serviceRow(r query.ServiceRow) ui.ServiceRow {
	out := ui.ServiceRow{Name: r.Service.Name, Team: r.Service.Team, Figures: [4]ui.Figure(figures(r.Now)), Weekly: values(r.Weekly)}
	if r.Last != nil {
		last := deploymentRow(*r.Last)
		out.Last = &last
	}
	return out
}

func deploymentRow(d query.Deployment) ui.DeploymentRow {
	row := ui.DeploymentRow{
		ID: d.ID, Service: d.Service, Environment: d.Environment, Version: version(d), Kind: string(d.Kind),
		Status: status(d), At: d.EndedAt().Std(), LeadTime: d.LeadOldest,
	}
	if d.Coverage != plimsoll.CoverageNone && d.Coverage != plimsoll.CoverageFirst && d.Coverage != "" {
		row.Changes = &d.Brought
	}
	for _, e := range d.Evidence {
		if !e.Accepted {
			continue
		}
		row.Evidence = append(row.Evidence, string(e.Kind))
	}
	return row
}

// version is what a person calls the build: its version, else the start of its
// commit.
func version(d query.Deployment) string {
	if d.Version != "" {
		return d.Version
	}
	return d.CommitSHA[:min(len(d.CommitSHA), 10)]
}

// status is the result as a page shows it: a deployment that completed and
// failed its users is a failed one.
func status(d query.Deployment) ui.Status {
	if d.Result == plimsoll.ResultSuccess && d.Failed {
		return ui.Failure
	}
	return ui.Status(d.Result)
}

func changeRow(c query.Change) ui.ChangeRow {
	row := ui.ChangeRow{SHA: c.SHA, Subject: c.Subject, AuthoredAt: c.AuthoredAt.Or(c.CommittedAt).Std(), LeadTime: c.LeadTime, Bot: c.Bot}
	if c.PullRequest != 0 {
		row.PullRequest = "#" + strconv.Itoa(c.PullRequest)
	}
	return row
}

func evidenceRow(e plimsoll.Evidence) ui.EvidenceRow {
	row := ui.EvidenceRow{Name: string(e.Kind), Source: e.Source, At: e.At.Std(), Confidence: &e.Confidence, State: string(e.Status)}
	switch {
	case e.Kind == plimsoll.EvidenceIncident:
		row.Reason = "incident " + e.Cause
	case e.Kind == plimsoll.EvidenceImpact:
		row.Reason = "indicator " + e.Cause
	case e.Cause != e.Deployment:
		row.Reason = "deployment " + e.Cause
		row.Href = ui.DeploymentHref(e.Cause)
	}
	if e.Reason != "" {
		row.Reason = strings.TrimPrefix(row.Reason+"; "+e.Reason, "; ")
	}
	return row
}

func (s *Server) incidentRow(ctx context.Context, i query.Incident) (ui.IncidentRow, error) {
	row := ui.IncidentRow{
		ID: i.ID, Title: i.Title, Severity: i.Severity, Services: i.Services, StartedAt: i.BegunAt().Std(),
		Open: !i.ResolvedAt.Known(), Restore: i.RestoreTime,
	}
	if i.StartedAt.Known() && i.DetectedAt.Known() {
		detect := i.DetectedAt.Seconds(i.StartedAt)
		row.Detect = &detect
	}
	if row.Open {
		age := s.opt.Desk.Now().Seconds(i.BegunAt())
		row.Restore = &age
	}
	if safeLink(i.URL) {
		row.Href = i.URL
	}
	if i.AttributedTo == nil {
		return row, nil
	}
	d, _, err := s.opt.Desk.Deployment(ctx, *i.AttributedTo, query.When{})
	if plimsoll.ErrorCode(err) == plimsoll.CodeNotFound {
		return row, nil
	}
	row.Cause = &ui.Cause{Deployment: deploymentRow(d)}
	for _, c := range i.Candidates {
		if c.Deployment == *i.AttributedTo {
			row.Cause.Probability = &c.Probability
		}
	}
	return row, err
}

// leadChart shows the oldest lead time of each deployment on one axis with the
// deployments themselves.
func leadChart(s query.Summary, deployments []query.Deployment, w plimsoll.Window, zone *time.Location) *ui.Chart {
	if len(deployments) == 0 {
		return nil
	}
	line := chart.Series{Name: "Oldest change of each deployment", Mode: chart.Dots}
	for _, l := range s.Leads {
		v := math.NaN()
		if l.Seconds != nil {
			v = *l.Seconds
		}
		line.Points = append(line.Points, chart.Point{At: l.At.Std(), Value: v})
	}
	lines := chart.Lines{
		ID: "lead", Title: "Lead time of each deployment", Unit: chart.Seconds, Log: true,
		From: w.From.Std(), To: w.To.Std(), Zone: zone, Series: []chart.Series{line},
	}
	for _, d := range deployments {
		m, ok := status(d).Marker()
		if !ok {
			continue
		}
		lines.Markers = append(lines.Markers, chart.Marker{
			At: d.EndedAt().Std(), Status: m, Label: d.Service + " " + version(d), Href: ui.DeploymentHref(d.ID),
		})
		if d.RolledBackAt.Known() && d.RolledBackAt > d.EndedAt() {
			lines.Regions = append(lines.Regions, chart.Region{
				From: d.EndedAt().Std(), To: d.RolledBackAt.Std(), Kind: chart.Recovery, Label: version(d) + " until it was taken back",
			})
		}
	}
	return &ui.Chart{
		Heading: "Lead time of each deployment", Lines: lines,
		Note: "From the oldest new commit to the end of the deployment. Times in " + zone.String() + ".",
	}
}

// safeLink keeps addresses that a reporter sent from becoming anything but a
// plain link.
func safeLink(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}
