package ui

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/chart"
)

var sampleNow = time.Date(2026, 3, 24, 14, 20, 0, 0, time.UTC)

func num(v float64) *float64 { return &v }
func whole(v int) *int       { return &v }

// series is n values around level with noise, the same on every run.
func series(seed uint64, n int, level float64) []*float64 {
	r := rand.New(rand.NewPCG(seed, 7))
	var out []*float64
	for i := range n {
		out = append(out, num(level*(0.7+0.6*r.Float64()+0.2*math.Sin(float64(i)/3))))
	}
	return out
}

func sampleFigures() []Figure {
	return []Figure{
		{Kind: Frequency, Value: num(12.14), N: 7, Part: 85, Band: "", Previous: num(11.1), Distinguishable: false, Trend: series(1, 28, 12), PreviousTrend: series(2, 28, 11)},
		{Kind: LeadTime, Value: num(8280), P90: num(34800), N: 231, Open: 14, Band: "High", Previous: num(10440), Distinguishable: true, Trend: series(3, 28, 8000), PreviousTrend: series(4, 28, 9900), Href: "/explain/lead-time"},
		{Kind: FailureRate, Value: num(0.0353), N: 85, Part: 3, Low: num(0.012), High: num(0.099), Band: "Elite–High", Previous: num(0.024), Provisional: true, Trend: series(5, 28, 0.03), PreviousTrend: series(6, 28, 0.03)},
		{Kind: Restore, N: 3, Facts: []float64{1080, 3120, 720}, Trend: []*float64{nil, nil, num(1080), nil, num(3120), nil, num(720)}},
	}
}

var sampleServices = []struct{ name, team string }{
	{"checkout-api", "payments"}, {"webapp", "storefront"}, {"auth-svc", "identity"}, {"api-gateway", "platform"},
	{"search-indexer", "discovery"}, {"ledger", "payments"}, {"mailer", ""},
}

func sampleRows(n int) []DeploymentRow {
	r := rand.New(rand.NewPCG(9, 9))
	var rows []DeploymentRow
	at := sampleNow.Add(-9 * time.Minute)
	for i := range n {
		s := sampleServices[r.IntN(5)]
		d := DeploymentRow{ID: fmt.Sprintf("dep-%d", 9000-i), Service: s.name, Environment: "production", Kind: "change", Status: Success, At: at,
			Version: fmt.Sprintf("v3.%d.%d", 40-i/12, 12-i%12), Changes: whole(1 + r.IntN(9)), LeadTime: num(600 + r.ExpFloat64()*16000)}
		switch {
		case i == 0:
			d.Status, d.LeadTime = Running, nil
		case i%11 == 4:
			d.Status, d.Evidence = Failure, []string{"rollout"}
		case i%11 == 6:
			d.Status, d.Evidence = RolledBack, []string{"rollback", "incident"}
		case i%17 == 5:
			d.Kind = "rollback"
			d.LeadTime, d.Changes = nil, nil
		case i%23 == 8:
			d.Status, d.Evidence = Aborted, []string{"canary"}
		case i%29 == 13:
			d.Status = Canceled
		case i%13 == 7:
			d.Kind = "hotfix"
		}
		rows = append(rows, d)
		at = at.Add(-time.Duration(r.ExpFloat64() * float64(95*time.Minute)))
	}
	return rows
}

func sampleLayout(title, current string) Layout {
	return Layout{Title: title, Nav: DefaultNav(current), Windows: DefaultWindows(current, nil, "30d"), Notices: []string{"Simulated data: no real service stands behind these figures."},
		Position: 12345, Definitions: "v1", AsOf: sampleNow}
}

func sampleChart(rows []DeploymentRow) *Chart {
	l := chart.Lines{ID: "lead", Title: "Lead time of the changes of each deployment of checkout-api", Unit: chart.Seconds, Log: true,
		From: sampleNow.Add(-30 * 24 * time.Hour), To: sampleNow, Height: 220}
	per := chart.Series{Name: "each deployment", Mode: chart.Dots}
	p50 := chart.Series{Name: "median of 7 days"}
	was := chart.Series{Name: "30 days before", Mode: chart.Dotted}
	for i := len(rows) - 1; i >= 0; i-- {
		d := rows[i]
		if d.LeadTime != nil {
			per.Points = append(per.Points, chart.Point{At: d.At, Value: *d.LeadTime})
		}
		if m, ok := d.Status.Marker(); ok {
			l.Markers = append(l.Markers, chart.Marker{At: d.At, Status: m, Label: d.Service + " " + d.Version + ", " + d.At.Format("2 Jan 15:04"), Href: DeploymentHref(d.ID)})
		}
		if d.Status == RolledBack {
			l.Regions = append(l.Regions, chart.Region{From: d.At, To: d.At.Add(5 * time.Hour), Kind: chart.Recovery, Label: "Recovery"})
		}
	}
	for i, v := range series(11, 31, 9000) {
		at := l.From.Add(time.Duration(i) * 24 * time.Hour)
		p50.Points = append(p50.Points, chart.Point{At: at, Value: *v})
		was.Points = append(was.Points, chart.Point{At: at, Value: *series(12, 31, 12000)[i]})
	}
	l.Series = []chart.Series{p50, per, was}
	return &Chart{Heading: "Lead time for changes", Note: "logarithmic, UTC", Lines: l}
}

func sampleOverview() OverviewPage {
	p := OverviewPage{Layout: sampleLayout("Overview", "/"), Tiles: sampleFigures(), Recent: sampleRows(12), AllHref: "/deployments",
		Verdict: Verdict{Sentence: "checkout-api v3.40.8 failed at 08:41 and was taken back after 18 m.", Detail: "Six other services deploy as usual.", Tone: ToneRolled, Href: "/deployments/dep-8994", Link: "Open deployment"}}
	rows := sampleRows(40)
	for i, s := range sampleServices {
		r := ServiceRow{Name: s.name, Team: s.team, Figures: [4]Figure(sampleFigures()), Weekly: series(uint64(20+i), 26, float64(9-i))}
		f := float64(i + 1)
		r.Figures[0].Value = num(14 / (f * f * f))
		r.Figures[1].Value = num(3000 * f * f)
		r.Figures[2].Value = num(0.08 / f)
		for j := range rows {
			if rows[j].Service == s.name {
				r.Last = &rows[j]
				break
			}
		}
		if i == 4 {
			r.Figures[2] = Figure{Kind: FailureRate, N: 4, Part: 1}
		}
		if i == 6 {
			r.Figures = [4]Figure{{Kind: Frequency}, {Kind: LeadTime}, {Kind: FailureRate}, {Kind: Restore}}
			r.Weekly = nil
		}
		p.Services = append(p.Services, r)
	}
	return p
}

func sampleService(markers int) ServicePage {
	rows := sampleRows(max(markers, 50))
	for i := range rows {
		rows[i].At = sampleNow.Add(-rows[0].At.Sub(rows[i].At)*9 - 9*time.Minute)
		rows[i].Service = "checkout-api"
	}
	c := sampleChart(rows[:markers])
	if markers > 60 {
		for i := range c.Lines.Markers {
			c.Lines.Markers[i].At = c.Lines.From.Add(time.Duration(i) * 30 * 24 * time.Hour / time.Duration(markers))
		}
	}
	return ServicePage{Layout: sampleLayout("checkout-api", "/services/checkout-api"), Name: "checkout-api", Team: "payments", Chart: c,
		Verdict: Verdict{Sentence: "v3.40.12 is being rolled out for 9 minutes.", Detail: "The last failure was at 08:41; it was taken back after 18 m.", Tone: ToneRunning, Href: "/deployments/dep-9000", Link: "Open deployment"},
		Tiles:   sampleFigures(), Rows: rows[:50], AllHref: "/deployments?service=checkout-api",
		Facts:   []Fact{{Name: "Repository", Value: "github.com/example/checkout-api", Href: "https://github.com/example/checkout-api"}, {Name: "Team", Value: "payments"}, {Name: "Running now", Value: "v3.40.12", Mono: true}, {Name: "Record since", Value: "3 Jan 2026"}},
		Remarks: []string{"12 of 40 deployments have no commit, so their changes are unknown.", "Incidents come from one source since 1 March; earlier failures may be missing."}}
}

func sampleDeployment() DeploymentPage {
	rows := sampleRows(12)
	p := DeploymentPage{Layout: sampleLayout("checkout-api v3.40.6", "/deployments"), Deployment: rows[6], ChangesKnown: true, Previous: &rows[7], Next: &rows[5],
		Verdict:  Verdict{Sentence: "It was taken back 18 minutes after it finished.", Detail: "A rollback and an incident point to it.", Tone: ToneRolled},
		Facts:    []Fact{{Name: "Commit", Value: "4f2a91c07d", Mono: true, Href: "https://github.com/example/checkout-api/commit/4f2a91c07d"}, {Name: "Source", Value: "GitHub Actions"}, {Name: "Took", Value: "4 m 12 s"}, {Name: "By", Value: "deploy-bot"}},
		Evidence: []EvidenceRow{{Name: "rollback", Source: "Argo Rollouts", At: sampleNow.Add(-5 * time.Hour), Confidence: num(1), State: "accepted", Reason: "v3.40.7 returned after 18 m"}, {Name: "incident", Source: "PagerDuty", At: sampleNow.Add(-5 * time.Hour), Confidence: num(0.82), State: "suspected", Href: "/incidents"}},
		Links:    []Link{{"Workflow run", "https://github.com/example/checkout-api/actions/runs/1"}, {"bad", "javascript:alert(1)"}}}
	for i, s := range []string{"Retry the card processor twice before giving up", "Bump golang.org/x/net to v0.49.0", "Move idempotency keys into their own table", "Log the processor's answer code"} {
		p.Changes = append(p.Changes, ChangeRow{SHA: fmt.Sprintf("%d4f2a91c07dbe", i), Subject: s, Href: "https://github.com/example/checkout-api/commit/4f", PullRequest: fmt.Sprintf("#%d", 812-i), PullRequestHref: "https://github.com/example/checkout-api/pull/812",
			AuthoredAt: sampleNow.Add(-time.Duration(i*7+8) * time.Hour), LeadTime: num(float64(i*25200 + 9000)), Bot: i == 1})
	}
	return p
}

func sampleIncidents() IncidentsPage {
	rows := sampleRows(30)
	return IncidentsPage{Layout: sampleLayout("Incidents", "/incidents"), Tiles: sampleFigures()[2:],
		Verdict: Verdict{Sentence: "One incident is open: payments are slow since 13:58.", Tone: ToneWarning},
		Rows: []IncidentRow{
			{ID: "INC-93", Title: "Payments slow", Severity: "high", Services: []string{"checkout-api", "ledger"}, StartedAt: sampleNow.Add(-22 * time.Minute), Open: true, Detect: num(240), Restore: num(1320), Source: "PagerDuty"},
			{ID: "INC-92", Title: "Card errors after v3.40.6", Severity: "critical", Services: []string{"checkout-api"}, StartedAt: sampleNow.Add(-6 * time.Hour), Detect: num(130), Restore: num(1080), Cause: &Cause{rows[6], num(0.82)}, Source: "PagerDuty", Href: "https://example.pagerduty.com/incidents/92"},
			{ID: "INC-91", Severity: "low", Services: []string{"mailer"}, StartedAt: sampleNow.Add(-80 * time.Hour), Restore: num(40000), Cause: &Cause{rows[4], nil}},
		}}
}

func sampleExplain() ExplainPage {
	p := ExplainPage{
		Layout: sampleLayout("Change failure rate", ""), Name: "Change failure rate", Scope: "the organisation, production",
		Bases:   []Choice{{Word: "failures by deployments", Href: "/explain/time_to_restore?basis=deployment", Current: true}, {Word: "all incidents", Href: "/explain/time_to_restore?basis=incident"}},
		Number:  Explained{Unit: "ratio", Value: num(0.0353), N: 85, Numerator: num(3), Denominator: num(85), Low: num(0.012), High: num(0.099), Provisional: true, Band: "Elite–High"},
		Formula: "failed deployments ÷ judged deployments that ended in the window", Command: "GET /api/v1/measures?scope=org",
		Facts: []Fact{{Name: "Numerator: judged deployments with evidence of failure", Value: "3", Href: "/explain/change_failure_rate?role=numerator"}, {Name: "Definitions", Value: "version 1, 2.3.1"}},
		Reasons: []ReasonRow{
			{N: 3, Role: "numerator", Because: "at least one accepted piece of evidence says that it failed", Clauses: "2.3.2, 3.6.1", Href: "/explain/change_failure_rate?reason=failed", Current: true},
			{N: 82, Role: "denominator", Because: "nothing says that it failed", Clauses: "2.3.1", Href: "/explain/change_failure_rate?reason=no_failure"},
			{N: 1240, Role: "excluded", Because: "it is in another environment than the one asked for", Clauses: "1.4.8", Href: "/explain/change_failure_rate?reason=other_environment"},
		},
		Remarks: []string{"changes, failures and incidents are kept for production alone; staging has no number"},
		Filter:  "at least one accepted piece of evidence says that it failed", AllHref: "/explain/change_failure_rate", CSVHref: "/api/v1/explain/change_failure_rate?format=csv",
		Pager: Pager{OlderHref: "/explain/change_failure_rate?cursor=abc"},
	}
	for _, d := range sampleRows(50) {
		p.Rows = append(p.Rows, ExplainRow{Type: "deployment", Name: d.Version, Href: DeploymentHref(d.ID), Mono: true, Service: d.Service, At: d.At,
			Role: "numerator", Because: "at least one accepted piece of evidence says that it failed", Detail: "rollback, incident", Value: d.LeadTime})
	}
	p.Rows[3].Href, p.Rows[4].At, p.Rows[5].Role = "", time.Time{}, "excluded"
	return p
}

// samples are one page of each kind and state, by name.
func samples() map[string]renderer {
	few := sampleRows(5)
	return map[string]renderer{
		"overview":          sampleOverview(),
		"overview-empty":    OverviewPage{Layout: sampleLayout("Overview", "/"), Verdict: Verdict{Sentence: "Nothing is recorded yet."}, Steps: FirstSteps(true, false, false)},
		"service":           sampleService(48),
		"service-500":       sampleService(500),
		"service-empty":     ServicePage{Layout: sampleLayout("new", ""), Name: "new", Steps: FirstSteps(false, false, false)},
		"deployments":       DeploymentsPage{Layout: sampleLayout("Deployments", "/deployments"), Summary: "412 deployments in 30 days, 14 of them failed.", Facets: []Choice{{Word: "All", Href: "/deployments", Current: true}, {Word: "Failed", Href: "/deployments?result=failed"}}, Rows: sampleRows(50), Pager: Pager{OlderHref: "/deployments?cursor=abc", First: 1, Last: 50, Total: 412}},
		"deployments-empty": DeploymentsPage{Layout: sampleLayout("Deployments", "/deployments"), Steps: FirstSteps(true, true, false)},
		"deployments-none":  DeploymentsPage{Layout: sampleLayout("Deployments", "/deployments")},
		"deployment":        sampleDeployment(),
		"deployment-bare":   DeploymentPage{Layout: sampleLayout("x", ""), Deployment: few[4]},
		"incidents":         sampleIncidents(),
		"incidents-none":    IncidentsPage{Layout: sampleLayout("Incidents", "/incidents"), NoSource: true},
		"explain":           sampleExplain(),
		"explain-none":      ExplainPage{Layout: sampleLayout("Lead time for changes", ""), Name: "Lead time for changes", Number: Explained{Unit: "s"}},
		"error-404":         ErrorPage{Layout: Layout{Nav: DefaultNav("")}, Code: 404},
		"error-500":         ErrorPage{Code: 500, Reference: "7f3a"},
		"zero":              OverviewPage{},
	}
}

// TestDumpPages writes every sample page and the assets into a folder, for looking at them.
func TestDumpPages(t *testing.T) {
	dir := os.Getenv("PLIMSOLL_UI_DUMP")
	if dir == "" {
		t.Skip("PLIMSOLL_UI_DUMP names no folder")
	}
	if err := os.MkdirAll(filepath.Join(dir, "assets"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range built.files {
		if err := os.WriteFile(filepath.Join(dir, "assets", name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, p := range samples() {
		if err := os.WriteFile(filepath.Join(dir, name+".html"), []byte(mustRender(t, p)), 0o644); err != nil {
			t.Fatal(err)
		}
		long := reflect.New(reflect.TypeOf(p))
		long.Elem().Set(reflect.ValueOf(p))
		poison(long.Elem(), strings.Repeat("verylongname", 20))
		if err := os.WriteFile(filepath.Join(dir, name+"-long.html"), []byte(mustRender(t, long.Elem().Interface().(renderer))), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
