// Package ui renders the pages: typed values with numbers in them go in, HTML comes out.
// It refuses to compute figures, to ask for anything and to know the time; a caller gives every number, the moment it was read at, and the address of the reader's choices.
//
// Every page is a struct with a Render method that writes all or, on an error, nothing. Nothing is inline, so
// that `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'`
// holds, and nothing needs script to be read. Unknown numbers are nil and are shown as such, never as zero.
package ui

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"strings"
	"time"
)

//go:embed templates
var templateFiles embed.FS

// Layout is what all pages share. The zero value is valid: no navigation, UTC, no notice.
type Layout struct {
	// Title is the page's own title, without the name of the product.
	Title string
	// Nav is the main navigation; see DefaultNav.
	Nav []NavItem
	// Windows are the links that change the time window; empty shows none.
	Windows []Choice
	// Notices stand above the page, one banner each: "Simulated data".
	Notices []string
	// Position is the sequence number of the last event that the page includes; 0 shows none.
	Position int64
	// Definitions is the version of the definitions: "v1".
	Definitions string
	// AsOf is when the numbers were read; zero shows none.
	AsOf time.Time
	// Zone is the zone of every time on the page; nil means UTC.
	Zone *time.Location
}

// NavItem is one entry of the navigation. Current marks the page, or its section, that the reader is on.
type NavItem struct {
	Word, Href string
	Current    bool
}

// Choice is one of several views of the same page; Current is the one shown.
type Choice struct {
	Word, Href string
	// Long is read out after a short Word: "last 7 days".
	Long    string
	Current bool
}

// DefaultNav is the navigation with the entry of the given address marked as current.
func DefaultNav(current string) []NavItem {
	nav := []NavItem{{Word: "Overview", Href: "/"}, {Word: "Deployments", Href: "/deployments"}, {Word: "Incidents", Href: "/incidents"}}
	for i := range nav {
		nav[i].Current = nav[i].Href == current
	}
	return nav
}

// DefaultWindows are 7, 30, 90 and 365 days at an address of the form base?window=30d.
// Other parameters of the query are kept; current is the word of the window shown, such as "30d".
func DefaultWindows(base string, query url.Values, current string) []Choice {
	var out []Choice
	for _, days := range []string{"7", "30", "90", "365"} {
		q := url.Values{}
		for k, v := range query {
			// Another window has other pages.
			if k != "cursor" && k != "page" {
				q[k] = v
			}
		}
		q.Set("window", days+"d")
		out = append(out, Choice{Word: days + "d", Long: "last " + days + " days", Href: base + "?" + q.Encode(), Current: current == days+"d"})
	}
	return out
}

// ServiceHref is the address of a service's page.
func ServiceHref(name string) string { return "/services/" + url.PathEscape(name) }

// DeploymentHref is the address of a deployment's page.
func DeploymentHref(id string) string { return "/deployments/" + url.PathEscape(id) }

func (l Layout) zone() *time.Location {
	if l.Zone == nil {
		return time.UTC
	}
	return l.Zone
}

// ZoneName is the name of the page's zone, such as "UTC" or "Europe/Berlin".
func (l Layout) ZoneName() string { return l.zone().String() }

// sets holds one template set for each page, each the layout and parts with that page's "main".
var sets = parse("overview", "service", "deployments", "deployment", "incidents", "explain", "error")

func parse(pages ...string) map[string]*template.Template {
	out := make(map[string]*template.Template, len(pages))
	for _, p := range pages {
		t := template.New(p).Funcs(functions)
		out[p] = template.Must(t.ParseFS(templateFiles, "templates/layout.html", "templates/parts.html", "templates/"+p+".html"))
	}
	return out
}

// render writes to a buffer first: a page that fails halfway must not reach a reader.
func render(w io.Writer, page string, value any) error {
	var b bytes.Buffer
	if err := sets[page].ExecuteTemplate(&b, "layout", value); err != nil {
		return fmt.Errorf("render %s page: %w", page, err)
	}
	_, err := b.WriteTo(w)
	return err
}

// functions are the words that templates may use.
var functions = template.FuncMap{
	"asset":          AssetPath,
	"serviceHref":    ServiceHref,
	"deploymentHref": DeploymentHref,
	"count":          func(n any) string { return anyCount(n) },
	"ratio":          ratio,
	"duration":       duration,
	"known":          known,
	"deref":          func(v *int) int { return *v },
	"moment":         newMoment,
	"day":            newDay,
	"short":          shortSHA,
	"webHref":        webHref,
	"join":           func(s []string) string { return strings.Join(s, ", ") },
	"add":            func(a, b int) int { return a + b },
	"row":            func(l Layout, d DeploymentRow) rowView { return rowView{Layout: l, DeploymentRow: d} },
	"dayRow":         func(g dayView, d DeploymentRow) rowView { return rowView{g.Layout, d, !g.Sparse(), g.OneService} },
	"group":          func(l Layout, g DayGroup, one bool) dayView { return dayView{l, g, one} },
	"plural":         plural,
}

type rowView struct {
	Layout Layout
	DeploymentRow
	// Grouped rows stand under the heading of their day and show the hour alone.
	Grouped bool
	// OneService lists need not repeat its name.
	OneService bool
}

type dayView struct {
	Layout Layout
	DayGroup
	OneService bool
}

// Moment is a time in the two forms of a time element.
type Moment struct{ Machine, Human string }

func newMoment(l Layout, t time.Time, clockOnly bool) Moment {
	layout := "2 Jan 2006, 15:04"
	if clockOnly {
		layout = "15:04"
	} else if !l.AsOf.IsZero() && l.AsOf.Sub(t).Abs() < 300*24*time.Hour {
		layout = "2 Jan 15:04"
	}
	return Moment{t.UTC().Format(time.RFC3339), t.In(l.zone()).Format(layout)}
}

func newDay(l Layout, t time.Time) Moment {
	local := t.In(l.zone())
	return Moment{local.Format("2006-01-02"), local.Format("Monday, 2 January 2006")}
}

// shortSHA is what people quote: the first eight digits.
func shortSHA(s string) string {
	if len(s) > 8 {
		return s[:8]
	}
	return s
}

// webHref lets only http and https addresses become links; empty means no link.
func webHref(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return s
}

func plural(n int, one, many string) string {
	if n == 1 {
		return count(1) + " " + one
	}
	return count(n) + " " + many
}
