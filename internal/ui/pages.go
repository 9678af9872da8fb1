package ui

import (
	"io"
	"time"
)

// DeploymentRow is one deployment in a list. Empty strings and nil are shown as an em dash or left out.
type DeploymentRow struct {
	ID, Service, Environment, Version string
	// Kind is change, rollback, redeploy, hotfix, config or initial.
	Kind   string
	Status Status
	// At is the end of the deployment, or its start while it runs.
	At time.Time
	// Evidence names the accepted failure evidence: "rollback", "incident".
	Evidence []string
	// Changes is the number of commits brought; nil where the set is unknown.
	Changes *int
	// LeadTime is the median over its changes in seconds.
	LeadTime *float64
}

// ServiceRow is one service of the overview.
type ServiceRow struct {
	Name, Team string
	// Last is the latest deployment; nil if there was none.
	Last *DeploymentRow
	// Figures are of the kinds Frequency, LeadTime, FailureRate and Restore, in this order.
	Figures [4]Figure
	// Weekly is the number of deployments per week, oldest first.
	Weekly []*float64
}

// Step is one lesson of an empty page.
type Step struct {
	Word    string
	Command string
	// Note says what will appear when the step is done.
	Note string
	Done bool
}

// FirstSteps are the three steps from an empty server to figures, with those given as done ticked.
func FirstSteps(imported, recorded, incident bool) []Step {
	return []Step{
		{Word: "Import the past", Command: "plimsoll import git . --service NAME --tags 'v*'",
			Note: "Each tag becomes a deployment, each commit since the last one a change.", Done: imported},
		{Word: "Record every deployment from now on", Command: "plimsoll record deployment --service webapp --environment production --version v2.1.0 --commit-sha $(git rev-parse HEAD)",
			Note: "As the last line of the job that deploys.", Done: recorded},
		{Word: "Report an incident when one happens", Command: "plimsoll record incident --id INC-42 --services webapp --severity high",
			Note: "Failure rate and time to restore need a source of incidents.", Done: incident},
	}
}

// OverviewPage is "/": is anything wrong now, and is it getting better or worse?
type OverviewPage struct {
	Layout
	Verdict Verdict
	// Tiles are the four keys of the whole scope.
	Tiles []Figure
	// Services stand in the order given: worst first.
	Services []ServiceRow
	// Recent are the latest deployments, newest first. AllHref leads to all of them.
	Recent  []DeploymentRow
	AllHref string
	// Steps replace the figures while nothing is recorded; empty means there is something to show.
	Steps []Step
}

// Render writes the page, or nothing and an error.
func (p OverviewPage) Render(w io.Writer) error { return render(w, "overview", p) }

// DayGroup is the deployments of one day of the page's zone.
type DayGroup struct {
	// Day is any moment of that day; the zero time stands for a list that is
	// too sparse to be cut by days.
	Day  time.Time
	Rows []DeploymentRow
}

// Sparse says that the rows stand for themselves, each with its date.
func (g DayGroup) Sparse() bool { return g.Day.IsZero() }

// ByDay cuts rows, which stand in order of time, into the days of the zone; nil means UTC. Where most days
// have one deployment a heading for each would only double the list: then all rows are one sparse group.
func ByDay(rows []DeploymentRow, zone *time.Location) []DayGroup {
	if zone == nil {
		zone = time.UTC
	}
	var out []DayGroup
	for _, r := range rows {
		y, m, d := r.At.In(zone).Date()
		if n := len(out); n > 0 {
			ly, lm, ld := out[n-1].Day.In(zone).Date()
			if y == ly && m == lm && d == ld {
				out[n-1].Rows = append(out[n-1].Rows, r)
				continue
			}
		}
		out = append(out, DayGroup{Day: r.At, Rows: []DeploymentRow{r}})
	}
	if len(rows) > 3 && 3*len(out) > 2*len(rows) {
		return []DayGroup{{Rows: rows}}
	}
	return out
}

// Pager leads through a long list. An empty address shows no link.
type Pager struct {
	NewerHref, OlderHref string
	// First and Last are the numbers of the rows shown, counted from 1; Total 0 means that it is not known.
	First, Last, Total int
}

// Fact is a name and a value about the thing that a page shows. Href is optional.
type Fact struct {
	Name, Value, Href string
	// Mono sets versions and hashes.
	Mono bool
}

// ServicePage is "/services/{s}": what changed just before this?
type ServicePage struct {
	Layout
	Name, Team string
	Verdict    Verdict
	// Chart is the main picture; nil leaves it out.
	Chart *Chart
	Tiles []Figure
	// Rows are the service's deployments, newest first.
	Rows    []DeploymentRow
	AllHref string
	// Facts are the repository, team and the like.
	Facts []Fact
	// Remarks say what weakens the numbers: "12 of 40 deployments have no commit".
	Remarks []string
	// Steps teach when the service has no deployment.
	Steps []Step
}

// Render writes the page, or nothing and an error.
func (p ServicePage) Render(w io.Writer) error { return render(w, "service", p) }

// Days groups the rows for the template.
func (p ServicePage) Days() []DayGroup { return ByDay(p.Rows, p.zone()) }

// DeploymentsPage is "/deployments": what shipped, what failed?
type DeploymentsPage struct {
	Layout
	// Summary is one sentence over the list; optional.
	Summary string
	// Facets are views of the same list: "all", "failed".
	Facets []Choice
	Rows   []DeploymentRow
	Pager  Pager
	Steps  []Step
}

// Render writes the page, or nothing and an error.
func (p DeploymentsPage) Render(w io.Writer) error { return render(w, "deployments", p) }

// Days groups the rows for the template.
func (p DeploymentsPage) Days() []DayGroup { return ByDay(p.Rows, p.zone()) }

// ErrorPage tells a person what happened, without any text of the request.
type ErrorPage struct {
	Layout
	// Code is the HTTP status: 404, 500 and so on.
	Code int
	// Reference finds the error in the server's log; optional, and must not come from the request.
	Reference string
}

// Render writes the page, or nothing and an error.
func (p ErrorPage) Render(w io.Writer) error {
	if p.Title == "" {
		p.Title = p.Heading()
	}
	return render(w, "error", p)
}

// Heading is the short name of the error.
func (p ErrorPage) Heading() string {
	switch {
	case p.Code == 404:
		return "There is nothing here"
	case p.Code == 401 || p.Code == 403:
		return "This needs another permission"
	case p.Code >= 400 && p.Code < 500:
		return "This address does not make sense"
	case p.Code == 503:
		return "Not ready yet"
	}
	return "Something went wrong here"
}

// Advice says what the reader can do.
func (p ErrorPage) Advice() string {
	switch {
	case p.Code == 404:
		return "No service, deployment or page has this address. It may have been renamed; old addresses of deployments keep working."
	case p.Code == 401 || p.Code == 403:
		return "Sign in with a token that may read this, or ask whoever runs this server."
	case p.Code >= 400 && p.Code < 500:
		return "Go back and try again from a link. A window is written as 7d, 30d, 90d or 365d."
	case p.Code == 503:
		return "The server is starting or cannot reach its database. Try again in a moment."
	}
	return "The server could not finish this page. Nothing was lost: facts are stored before pages are made. Try again in a moment."
}
