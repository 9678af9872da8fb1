package ui

import (
	"html/template"

	"github.com/plimsoll-dev/plimsoll/internal/chart"
)

// Chart is a picture with its words: heading, legend, and a table of the same values for those who do not see it.
type Chart struct {
	Heading string
	// Note is a muted line beside the heading: "p50 per day, dotted: the 30 days before".
	Note  string
	Lines chart.Lines
}

// SVG trusts what the chart room escaped.
func (c Chart) SVG() template.HTML { return template.HTML(c.Lines.SVG()) }

// Legend explains only what is drawn.
func (c Chart) Legend() []chart.LegendItem { return c.Lines.Legend() }

// Table has at most 24 rows: a page holds 2,500 nodes, and longer ones are not read.
func (c Chart) Table() chart.Table { return c.Lines.Table(24) }

// Spark draws the weekly deployments of a service.
func (r ServiceRow) Spark() template.HTML {
	return spark("Deployments of "+r.Name+" per week", r.Weekly, nil, 24)
}
