package main

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/client"
	"github.com/plimsoll-dev/plimsoll/internal/ui"
)

// asking are the flags of every verb that asks for something.
type asking struct {
	to                       target
	scope, service, team     string
	environment, since, from string
	until, asOf, format      string
}

func (a *asking) flags(c *cobra.Command, since string) {
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&a.scope, "scope", "", "org, team:NAME, service:NAME or label:KEY=VALUE")
	f.StringVar(&a.service, "service", "", "short for --scope service:NAME")
	f.StringVar(&a.team, "team", "", "short for --scope team:NAME")
	environment := "environment, all of the production class if nothing is said"
	if since == "" {
		environment = "environment, all if nothing is said; production is the class"
	}
	f.StringVar(&a.environment, "environment", "", environment)
	f.StringVar(&a.since, "since", since, "window up to now: 30d, 12w, 48h")
	f.StringVar(&a.from, "from", "", "start of the window, a date or a time")
	f.StringVar(&a.until, "to", "", "end of the window, not included; a date or a time")
	f.StringVar(&a.asOf, "as-of", "", "what was known at that time, like 2026-04-01T00:00:00Z; --since counts back from it")
	f.StringVar(&a.format, "format", "table", "table, json, csv or md")
	a.to.flags(c)
}

func (a *asking) params() (url.Values, error) {
	v := url.Values{}
	set := func(key, value string) {
		if value != "" {
			v.Set(key, value)
		}
	}
	scope := a.scope
	for kind, name := range map[string]string{"service": a.service, "team": a.team} {
		if name == "" {
			continue
		}
		if scope != "" {
			return nil, usageError("--scope, --service and --team exclude each other; give one of them")
		}
		scope = kind + ":" + name
	}
	set("scope", scope)
	set("environment", a.environment)
	if a.since != "" {
		if _, ok := plimsoll.ParseSpan(a.since); !ok {
			return nil, plimsoll.FieldErrorf("--since", "%q; expected a number with m, h, d or w, like 30d", a.since)
		}
		if a.from == "" {
			a.from = "now-" + a.since
		}
	}
	set("from", a.from)
	set("to", a.until)
	set("as_of", a.asOf)
	return v, checkFormat(a.format)
}

func measuresCommand() *cobra.Command {
	var a asking
	var benchmark string
	c := &cobra.Command{
		Use:     "measures",
		Short:   "The four keys of a service, a team or the organisation",
		Example: "  plimsoll measures --since 365d\n  plimsoll measures --service webapp --from 2026-03-01 --to 2026-04-01 --format json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			params, err := a.params()
			if err != nil {
				return err
			}
			if benchmark != "" {
				params.Set("benchmark", benchmark)
			}
			return answeredInParts(c, &a, "/api/v1/measures", params, func(server *client.Client) ([]table, error) {
				m, err := server.Measures(c.Context(), params)
				if err != nil || a.format == "csv" {
					return []table{measuresTable(m)}, err
				}
				return []table{measuresTable(m), releaseTable(m), stagesTable(m), restoreTable(m)}, nil
			})
		},
	}
	a.flags(c, "30d")
	c.Flags().StringVar(&benchmark, "benchmark", "", "set of bands, like seed or dora-2024")
	return c
}

// measuresTable is what a person reads; the units stand in it.
func measuresTable(m client.Measures) table {
	t := table{
		Title: fmt.Sprintf("%s, %s, %s to %s (%s, bands of %s)", m.Scope, m.Environment,
			m.From.Std().Format("2006-01-02 15:04"), m.To.Std().Format("2006-01-02 15:04"), m.Zone, m.Benchmark),
		Head: []string{"measure", "figure", "detail", "band"},
	}
	for _, f := range keyFigures(m) {
		r := f.Read()
		figure := r.Big
		if r.Unit != "" {
			figure += " " + r.Unit
		}
		t.Rows = append(t.Rows, []string{f.Name(), figure, r.Second, r.Band})
	}
	for _, n := range m.Notes {
		if !strings.HasSuffix(n, "?") {
			n += "."
		}
		t.Notes = append(t.Notes, strings.ToUpper(n[:1])+n[1:])
	}
	q := m.DataQuality
	if q.Deployments > 0 {
		t.Notes = append(t.Notes, fmt.Sprintf("%s of %s deployments have a known commit, %s have known contents.",
			digits(q.WithCommit), digits(q.Deployments), digits(q.WithKnownChanges)))
	}
	if m.AsOf.Known() {
		t.Notes = append(t.Notes, asOfNote(m))
	}
	if f := m.DeploymentFrequency; f.Redeploys+f.Canceled > 0 {
		t.Notes = append(t.Notes, fmt.Sprintf("Not counted: %s redeployments, %s canceled.", digits(f.Redeploys), digits(f.Canceled)))
	}
	return t
}

// releaseTable is what is known beside the four keys; it has no rows when that
// is nothing.
func releaseTable(m client.Measures) table {
	t := table{Head: []string{"release", "figure", "detail"}}
	row := func(known bool, cells ...string) {
		if known {
			t.Rows = append(t.Rows, cells)
		}
	}
	share := func(name string, s client.Share) {
		part := digits(s.N) + " of " + digits(s.Counted)
		if s.Counted < 5 { // no rate, as with the four keys
			row(s.Ratio != nil, name, "too few: "+part, "at least 5 make a figure")
			return
		}
		row(s.Ratio != nil, name, tenths(s.Ratio), part+" deployments"+interval(s.CI))
	}
	d, f, c := m.Duration, m.FullRollout, m.CanaryPassRate
	detail := fmt.Sprintf("p95 %s · n = %s", ui.Duration(d.P95), digits(d.N))
	if d.WaitingN > 0 {
		detail += fmt.Sprintf(" · waiting %s p50 of %s", ui.Duration(d.WaitingP50), digits(d.WaitingN))
	}
	share("Rework rate", m.ReworkRate)
	share("Roll-back rate", m.Rollback)
	row(d.N > 0, "Deployment duration", ui.Duration(d.P50)+" p50", detail)
	row(f.N > 0, "Time to full roll-out", ui.Duration(f.P50)+" p50", fmt.Sprintf("p90 %s · n = %s", ui.Duration(f.P90), digits(f.N)))
	row(c.N > 0, "Canary pass rate", tenths(c.Ratio), digits(c.Passed)+" of "+digits(c.N)+" runs"+interval(c.CI)+" · "+digits(c.Inconclusive)+" inconclusive")
	return t
}

// digits is a count with its thousands set off, as in the figures of the four keys.
func digits(n int) string { return thousands(int64(n)) }

func interval(ci *[2]float64) string {
	if ci == nil {
		return ""
	}
	return fmt.Sprintf(" · 95 %% CI %.1f–%.1f %%", ci[0]*100, ci[1]*100)
}

// tenths writes a share of 0..1 in percent, to a tenth.
func tenths(v *float64) string {
	if v == nil {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", *v*100)
}

// restoreTable says where the time to restore goes; it has no rows when nothing
// is known of any stage.
func restoreTable(m client.Measures) table {
	t := table{Head: []string{"restoration", "median", "p90", "of all stages", "known of"}}
	for _, s := range m.TimeToRestore.Stages {
		if s.N > 0 {
			t.Rows = append(t.Rows, []string{strings.ReplaceAll(s.Name, "_", " "), ui.Duration(s.P50), ui.Duration(s.P90), percent(s.Share), percent(s.Coverage)})
		}
	}
	return t
}

// stagesTable says where the lead time goes; it has no rows when nothing is
// known of any stage.
func stagesTable(m client.Measures) table {
	t := table{Head: []string{"stage", "median", "p90", "of lead time", "a month", "known of"}}
	for _, s := range m.LeadTime.Stages {
		if s.N == 0 {
			continue
		}
		month := "–"
		if s.HoursPerMonth != nil {
			month = fmt.Sprintf("%.0f h", *s.HoursPerMonth)
		}
		t.Rows = append(t.Rows, []string{s.Name, ui.Duration(s.P50), ui.Duration(s.P90), percent(s.Share), month, percent(s.Coverage)})
	}
	return t
}

// percent writes a share of 0..1 in whole percent.
func percent(v *float64) string {
	if v == nil {
		return "–"
	}
	return fmt.Sprintf("%.0f %%", *v*100)
}

func keyFigures(m client.Measures) []ui.Figure {
	f, l, c, r := m.DeploymentFrequency, m.LeadTime, m.ChangeFailureRate, m.TimeToRestore
	out := []ui.Figure{
		{Kind: ui.Frequency, Value: f.PerDay, N: ui.WholeDays(f.Days, f.Deployments), Part: f.Deployments, Band: deref(f.Band)},
		{Kind: ui.LeadTime, Value: l.P50, N: l.N, P90: l.P90, Open: l.Open, Band: deref(l.Band)},
		{Kind: ui.FailureRate, Value: c.Ratio, N: c.Counted, Part: c.Failed, Provisional: c.Provisional, Band: deref(c.Band)},
		{Kind: ui.Restore, Value: r.P50, N: r.N, P90: r.P90, Open: r.Open, Band: deref(r.Band)},
	}
	for i, ci := range []*[2]float64{f.CI, l.CI, c.CI, r.CI} {
		if ci != nil {
			out[i].Low, out[i].High = &ci[0], &ci[1]
		}
	}
	return out
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// asOfNote says what an answer as of a time knows.
func asOfNote(m client.Measures) string {
	if !m.KnownUpTo.Known() {
		return fmt.Sprintf("As of %s nothing was known yet.", m.AsOf)
	}
	note := fmt.Sprintf("As known at %s, with event %d, received %s, as the last.", m.AsOf, m.Position, m.KnownUpTo)
	if m.Missing > 0 {
		note += fmt.Sprintf(" %d more were received by then and folded with later ones; the end of the quarter of an hour has them.", m.Missing)
	}
	return note
}
