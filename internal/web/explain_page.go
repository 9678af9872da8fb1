package web

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/query"
	"github.com/plimsoll-dev/plimsoll/internal/ui"
)

// explainPage shows why a measure has its number.
func (s *Server) explainPage(w http.ResponseWriter, r *http.Request) error {
	q, window, err := s.pageQuestion(r)
	if err != nil {
		return err
	}
	v := r.URL.Query()
	if q.Scope, err = plimsoll.ParseScope(v.Get("scope")); err != nil {
		return err
	}
	q.Environment = v.Get("environment")
	want := query.ExplainAsk{
		Measure: metric.Measure(r.PathValue("measure")), Basis: v.Get("basis"), Reason: v.Get("reason"), Role: v.Get("role"),
		Page: query.PageAsk{Limit: 50},
	}
	// The number stands on every page of the list, and only the first page of an answer has it.
	e, err := s.opt.Desk.Explain(r.Context(), q, want)
	if err != nil {
		return err
	}
	if want.Page.Cursor = v.Get("cursor"); want.Page.Cursor != "" {
		page, err := s.opt.Desk.Explain(r.Context(), q, want)
		if err != nil {
			return err
		}
		e.Facts, e.NextCursor = page.Facts, page.NextCursor
	}
	base := "/explain/" + url.PathEscape(string(e.Measure))
	// here is the address of this page with some parameters of it changed.
	here := func(pairs ...string) string {
		to := url.Values{}
		for k, x := range v {
			to[k] = x
		}
		to.Set("window", window)
		to.Del("cursor")
		for i := 0; i < len(pairs); i += 2 {
			to.Set(pairs[i], pairs[i+1])
			if pairs[i+1] == "" {
				to.Del(pairs[i])
			}
		}
		return base + "?" + to.Encode()
	}
	p := ui.ExplainPage{
		Layout: s.layout(e.Title, ""), Name: e.Title, Scope: scopeWords(e.Asked), Number: explainedNumber(e),
		Formula: e.Formula, Facts: explainFacts(e, here), Remarks: e.Notes, Command: "GET " + e.Number.API, AllHref: here("reason", "", "role", ""),
	}
	p.Windows = ui.DefaultWindows(base, v, window)
	p.Position = e.Position
	for _, x := range metric.Explanations {
		if x.Measure == e.Measure && x.Basis != "" {
			p.Bases = append(p.Bases, ui.Choice{Word: basisWords[x.Basis], Href: here("basis", x.Basis, "reason", "", "role", ""), Current: x.Basis == e.Basis})
		}
	}
	for _, c := range e.Number.Reasons {
		p.Reasons = append(p.Reasons, ui.ReasonRow{
			N: c.N, Role: string(c.Role), Because: c.Because, Clauses: strings.Join(c.Clauses, ", "),
			Href: here("reason", c.Reason, "role", ""), Current: c.Reason == want.Reason,
		})
	}
	if reason, ok := metric.ReasonNamed(want.Reason); ok {
		p.Filter = reason.Words()
	} else if want.Role != "" {
		p.Filter = roleWords[want.Role]
	}
	for _, f := range e.Facts {
		p.Rows = append(p.Rows, explainRow(f))
	}
	if e.NextCursor != "" {
		p.Pager.OlderHref = here("cursor", e.NextCursor)
	}
	p.CSVHref = csvHref(e, want)
	return render(w, http.StatusOK, p)
}

var basisWords = map[string]string{
	"change": "changes", "pull_request": "pull requests", "oldest": "oldest change of each deployment",
	"deployment": "failures by deployments", metric.BasisIncident: "all incidents",
}

var roleWords = map[string]string{
	"numerator": "the numerator", "denominator": "in the denominator alone", "sample": "the values", "open": "still open", "excluded": "left out",
}

func scopeWords(a query.Asked) string {
	scope := strings.TrimPrefix(strings.TrimPrefix(a.Scope, "service:"), "team:")
	if scope == "org" {
		scope = "the organisation"
	}
	return scope + ", " + a.Environment
}

func explainedNumber(e query.Explained) ui.Explained {
	n := e.Number
	out := ui.Explained{
		Unit: e.Unit, Value: n.Value, N: n.N, Numerator: n.Numerator, Denominator: n.Denominator,
		Open: n.Open, TooFew: n.TooFew, Provisional: n.Provisional, Band: word(n.Band),
	}
	if n.CI != nil {
		out.Low, out.High = &n.CI[0], &n.CI[1]
	}
	return out
}

// explainFacts say what the number is made of.
func explainFacts(e query.Explained, here func(...string) string) []ui.Fact {
	n := e.Number
	var out []ui.Fact
	add := func(name, value string) {
		if value != "" {
			out = append(out, ui.Fact{Name: name, Value: value})
		}
	}
	if n.Numerator != nil && n.Denominator != nil {
		add("Numerator: "+e.Numerator, plain(*n.Numerator))
		out[0].Href = here("role", "numerator", "reason", "")
		add("Denominator: "+e.Denominator, plain(*n.Denominator))
	} else {
		add("Values in the sample", strconv.Itoa(n.N))
		out[0].Href = here("role", "sample", "reason", "")
		add("Still open, shown beside", strconv.Itoa(n.Open))
		out[1].Href = here("role", "open", "reason", "")
	}
	if n.Negative > 0 {
		add("Left out for ending before they began", strconv.Itoa(n.Negative))
	}
	add("Window", stampMinute(e.From)+" to "+stampMinute(e.To))
	if n.Record != nil {
		add("On record in it", stampMinute(n.Record.From)+" to "+stampMinute(n.Record.To))
	}
	if n.Bands != nil {
		add("Bands after", n.Bands.Title)
		out[len(out)-1].Href = webLink(n.Bands.Source)
	}
	add("Definitions", fmt.Sprintf("version %s, %s", e.Definitions, strings.Join(e.Clauses, ", ")))
	add("Includes everything up to event", strconv.FormatInt(e.Position, 10))
	return out
}

// webLink is the address if it is one that a page may link to.
func webLink(s string) string {
	if safeLink(s) {
		return s
	}
	return ""
}

// plain is a number for a reader; the API has all of its digits.
func plain(v float64) string {
	if v == math.Trunc(v) {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

func stampMinute(t plimsoll.Time) string { return t.Std().Format("2006-01-02 15:04 UTC") }

func explainRow(f query.Fact) ui.ExplainRow {
	row := ui.ExplainRow{
		Type: strings.ReplaceAll(f.Type, "_", " "), Name: f.ID, Service: f.Service, At: f.At.Std(),
		Role: string(f.Role), Because: f.Because, Value: f.Value,
	}
	var kinds []string
	for _, x := range f.Evidence {
		word := string(x.Kind)
		if !x.Accepted {
			word += " (" + string(x.Status) + ")"
		}
		kinds = append(kinds, word)
	}
	if row.Detail = strings.Join(kinds, ", "); f.Failure != "" {
		row.Detail = f.Failure
	}
	switch f.Type {
	case "deployment":
		row.Href, row.Mono = ui.DeploymentHref(f.ID), true
		if f.Version != "" {
			row.Name = f.Version
		}
	case "change":
		row.Name, row.Mono = f.ID[:min(len(f.ID), 10)], true
		row.Href = deliveredHref(f)
	case "pull_request":
		row.Name = "#" + f.ID
		row.Href = deliveredHref(f)
	case "analysis":
		row.Href = deliveredHref(f)
		if f.Title != "" {
			row.Name = f.Title
		}
	case "failure":
		row.Href, row.Mono = ui.DeploymentHref(f.ID), true
	case "incident":
		row.Href = "/incidents"
		if f.Title != "" {
			row.Name = f.Title
		}
		if len(f.Services) > 0 {
			row.Service = f.Services[0]
		}
	}
	return row
}

func deliveredHref(f query.Fact) string {
	if f.Deployment == "" {
		return ""
	}
	return ui.DeploymentHref(f.Deployment)
}

// csvHref is the address of the listed facts as CSV.
func csvHref(e query.Explained, want query.ExplainAsk) string {
	v := url.Values{"scope": {e.Scope}, "environment": {e.Environment}, "from": {e.From.String()}, "to": {e.To.String()}, "format": {"csv"}}
	for name, x := range map[string]string{"basis": e.Basis, "reason": want.Reason, "role": want.Role} {
		if x != "" {
			v.Set(name, x)
		}
	}
	return "/api/v1/explain/" + url.PathEscape(string(e.Measure)) + "?" + v.Encode()
}
