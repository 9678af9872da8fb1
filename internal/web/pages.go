package web

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/query"
	"github.com/plimsoll-dev/plimsoll/internal/ui"
)

type page interface{ Render(w io.Writer) error }

// render writes a page once it is whole: an error never follows half of one.
func render(w http.ResponseWriter, status int, p page) error {
	var buf bytes.Buffer
	if err := p.Render(&buf); err != nil {
		return fmt.Errorf("render: %w", err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes())
	return nil
}

func (s *Server) renderError(w http.ResponseWriter, r *http.Request, status int) {
	p := ui.ErrorPage{Layout: s.layout("", ""), Code: status}
	if err := render(w, status, p); err != nil {
		s.opt.Log.ErrorContext(r.Context(), "error page", "path", safePath(r), "err", err)
	}
}

func (s *Server) layout(title, current string) ui.Layout {
	l := ui.Layout{
		Title: title, Nav: ui.DefaultNav(current), Definitions: query.Definitions,
		AsOf: s.opt.Desk.Now().Std(), Zone: s.opt.Desk.Zone(),
	}
	if s.opt.Notice != nil {
		l.Notices = s.opt.Notice()
	}
	return l
}

// windows are the spans a page offers, with the bucket of their sparklines.
var windows = map[string]metric.Unit{"7d": metric.Day, "30d": metric.Day, "90d": metric.Week, "365d": metric.Week}

const defaultWindow = "90d"

// pageQuestion reads the window of a page. A page forgives a parameter that it
// does not know: links come from anywhere.
func (s *Server) pageQuestion(r *http.Request) (q query.Question, window string, err error) {
	window = r.URL.Query().Get("window")
	if window == "" {
		window = defaultWindow
	}
	if _, ok := windows[window]; !ok {
		return q, window, plimsoll.FieldErrorf("window", "%q", window)
	}
	q.Window, err = plimsoll.ParseWindow("now-"+window, "now", s.opt.Desk.Now(), s.opt.Desk.Zone())
	return q, window, err
}

func (s *Server) overviewPage(w http.ResponseWriter, r *http.Request) error {
	q, window, err := s.pageQuestion(r)
	if err != nil {
		return err
	}
	sum, err := s.opt.Desk.Summary(r.Context(), q, windows[window])
	if err != nil {
		return err
	}
	rows, err := s.opt.Desk.Overview(r.Context(), q)
	if err != nil {
		return err
	}
	recent, err := s.opt.Desk.Deployments(r.Context(), query.Question{Environment: "production"}, query.PageAsk{Limit: 12})
	if err != nil {
		return err
	}
	p := ui.OverviewPage{Layout: s.layout("Overview", "/"), AllHref: "/deployments"}
	p.Windows = ui.DefaultWindows("/", r.URL.Query(), window)
	p.Position = sum.Now.Position
	p.Verdict = orgVerdict(sum, window)
	p.Tiles = tiles(sum, window)
	for _, row := range rows {
		p.Services = append(p.Services, serviceRow(row))
	}
	for _, d := range recent.Deployments {
		p.Recent = append(p.Recent, deploymentRow(d))
	}
	if len(rows) == 0 {
		if p.Steps, err = s.steps(r.Context()); err != nil {
			return err
		}
	}
	return render(w, http.StatusOK, p)
}

// steps are the first things to do, ticked where they are done.
func (s *Server) steps(ctx context.Context) ([]ui.Step, error) {
	c, err := s.opt.Desk.Counts(ctx)
	if err != nil {
		return nil, err
	}
	return ui.FirstSteps(c.Changes > 0, c.Deployments > 0, c.Incidents > 0), nil
}

func (s *Server) servicePage(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	q, window, err := s.pageQuestion(r)
	if err != nil {
		return err
	}
	service, err := s.opt.Desk.Service(r.Context(), name)
	if err != nil {
		return err
	}
	q.Scope = plimsoll.Scope{Kind: plimsoll.ScopeService, Name: name}
	sum, err := s.opt.Desk.Summary(r.Context(), q, windows[window])
	if err != nil {
		return err
	}
	inWindow := q
	inWindow.Environment = "production"
	list, err := s.opt.Desk.Deployments(r.Context(), inWindow, query.PageAsk{Limit: 500})
	if err != nil {
		return err
	}
	p := ui.ServicePage{
		Layout: s.layout(name, "/"), Name: name, Team: service.Team,
		Verdict: serviceVerdict(sum, list.Deployments, window),
		Tiles:   tiles(sum, window),
		Chart:   leadChart(sum, list.Deployments, q.Window, s.opt.Desk.Zone()),
		AllHref: "/deployments?" + url.Values{"service": {name}}.Encode(),
		Facts:   serviceFacts(service),
		Remarks: remarks(sum.Now.DataQuality),
	}
	p.Windows = ui.DefaultWindows(ui.ServiceHref(name), r.URL.Query(), window)
	p.Position = sum.Now.Position
	for i, d := range list.Deployments {
		if i == 50 {
			break
		}
		p.Rows = append(p.Rows, deploymentRow(d))
	}
	return render(w, http.StatusOK, p)
}

func (s *Server) deploymentsPage(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	q := query.Question{Environment: v.Get("environment")}
	base := url.Values{}
	summary := "Every deployment of every environment"
	if name := v.Get("service"); name != "" {
		q.Scope = plimsoll.Scope{Kind: plimsoll.ScopeService, Name: name}
		base.Set("service", name)
		summary = "Every deployment of " + name
	}
	all := ui.Choice{Word: "all environments", Href: "/deployments?" + base.Encode(), Current: q.Environment == ""}
	production := url.Values{"environment": {"production"}}
	for k, x := range base {
		production[k] = x
	}
	list, err := s.opt.Desk.Deployments(r.Context(), q, query.PageAsk{Limit: 50, Cursor: v.Get("cursor")})
	if err != nil {
		return err
	}
	p := ui.DeploymentsPage{
		Layout: s.layout("Deployments", "/deployments"), Summary: summary,
		Facets: []ui.Choice{all, {Word: "production", Href: "/deployments?" + production.Encode(), Current: q.Environment != ""}},
	}
	p.Position = list.Position
	for _, d := range list.Deployments {
		p.Rows = append(p.Rows, deploymentRow(d))
	}
	if list.NextCursor != "" {
		if q.Environment != "" {
			base.Set("environment", q.Environment)
		}
		base.Set("cursor", list.NextCursor)
		p.Pager.OlderHref = "/deployments?" + base.Encode()
	}
	if len(p.Rows) == 0 {
		if p.Steps, err = s.steps(r.Context()); err != nil {
			return err
		}
	}
	return render(w, http.StatusOK, p)
}

func (s *Server) deploymentPage(w http.ResponseWriter, r *http.Request) error {
	d, at, err := s.opt.Desk.Deployment(r.Context(), r.PathValue("id"), query.When{})
	if err != nil {
		return err
	}
	p := ui.DeploymentPage{
		Layout: s.layout(d.Service+" "+d.Version, "/deployments"), Deployment: deploymentRow(d),
		Verdict: deploymentVerdict(d), Facts: deploymentFacts(d),
		ChangesKnown: d.Coverage != plimsoll.CoverageNone && d.Coverage != plimsoll.CoverageFirst,
		ChangesTotal: len(d.Changes),
	}
	p.Position = at.Position
	for i, c := range d.Changes {
		if i == 200 {
			break
		}
		p.Changes = append(p.Changes, changeRow(c))
	}
	for _, e := range d.Evidence {
		p.Evidence = append(p.Evidence, evidenceRow(e))
	}
	if d.Previous != nil {
		if before, _, err := s.opt.Desk.Deployment(r.Context(), *d.Previous, query.When{}); err == nil {
			row := deploymentRow(before)
			p.Previous = &row
		}
	}
	if safeLink(d.URL) {
		p.Links = append(p.Links, ui.Link{Word: "At its source", Href: d.URL})
	}
	return render(w, http.StatusOK, p)
}

func (s *Server) incidentsPage(w http.ResponseWriter, r *http.Request) error {
	q, window, err := s.pageQuestion(r)
	if err != nil {
		return err
	}
	sum, err := s.opt.Desk.Summary(r.Context(), q, windows[window])
	if err != nil {
		return err
	}
	list, err := s.opt.Desk.Incidents(r.Context(), query.Question{Window: q.Window}, query.PageAsk{Limit: 100, Cursor: r.URL.Query().Get("cursor")})
	if err != nil {
		return err
	}
	p := ui.IncidentsPage{Layout: s.layout("Incidents", "/incidents"), Verdict: incidentsVerdict(sum, window)}
	p.Windows = ui.DefaultWindows("/incidents", r.URL.Query(), window)
	p.Position = list.Position
	if t := tiles(sum, window); len(t) == 4 {
		p.Tiles = t[2:]
	}
	for _, i := range list.Incidents {
		row, err := s.incidentRow(r.Context(), i)
		if err != nil {
			return err
		}
		p.Rows = append(p.Rows, row)
	}
	if list.NextCursor != "" {
		p.Pager.OlderHref = "/incidents?" + url.Values{"window": {window}, "cursor": {list.NextCursor}}.Encode()
	}
	counts, err := s.opt.Desk.Counts(r.Context())
	if err != nil {
		return err
	}
	if p.NoSource = counts.Incidents == 0; p.NoSource {
		p.Steps = ui.FirstSteps(counts.Changes > 0, counts.Deployments > 0, false)
	}
	return render(w, http.StatusOK, p)
}
