package ui

import (
	"io"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Amount writes a value of an explained measure in words: per_day, ratio or s, the units of the API. It is
// "no data" for nil.
func Amount(unit string, v *float64) string {
	switch {
	case !known(v):
		return noData
	case unit == "ratio":
		return ratio(v)
	case unit == "per_day":
		figure, per := rate(*v)
		return figure + " " + per
	}
	return duration(v)
}

// Explained is a number of any measure, as the page behind it shows it.
type Explained struct {
	// Unit is per_day, ratio or s; Value is in it, the median where it is s.
	Unit  string
	Value *float64
	N     int
	// Numerator and Denominator are nil for a median.
	Numerator, Denominator *float64
	Low, High              *float64
	Open                   int
	TooFew, Provisional    bool
	Band                   string
}

// Read turns the number into words, and refuses a rate where there are too few observations.
func (e Explained) Read() Reading {
	r := Reading{Big: Amount(e.Unit, e.Value), Band: e.Band}
	parts := []string{e.counts()}
	switch {
	case !known(e.Value):
		r.Quiet = true
	case e.TooFew:
		r.Big, r.Quiet, parts = tooFew+e.counts(), true, []string{enough(e.Unit == "per_day")}
	case e.Unit == "s":
		r.Unit = "p50"
	case e.Unit == "per_day":
		r.Big, r.Unit = rate(*e.Value)
	}
	if known(e.Low) && known(e.High) {
		parts = append(parts, "95 % CI "+Amount(e.Unit, e.Low)+" – "+Amount(e.Unit, e.High))
	}
	if e.Open > 0 {
		parts = append(parts, count(e.Open)+" open")
	}
	if e.Provisional {
		parts = append(parts, "provisional")
	}
	r.Second = strings.Join(parts, " · ")
	return r
}

func (e Explained) counts() string {
	switch {
	case e.Unit == "s" || e.Numerator == nil || e.Denominator == nil:
		return "n = " + count(e.N)
	case e.Unit == "per_day":
		return plural(int(*e.Numerator), "deployment", "deployments") + " in " + plural(max(1, int(*e.Denominator)), "day", "days")
	}
	return count(int(*e.Numerator)) + " of " + count(int(*e.Denominator))
}

// ReasonRow counts the facts that have one reason to count, or not to.
type ReasonRow struct {
	N                      int
	Role, Because, Clauses string
	// Href leads to the same page with these facts alone.
	Href    string
	Current bool
}

// Part is the role in words for a reader.
func (r ReasonRow) Part() string { return partWords[r.Role] }

// Beside says that the facts are no part of the number.
func (r ReasonRow) Beside() bool { return beside(r.Role) }

func beside(role string) bool { return role == "excluded" || role == "open" }

var partWords = map[string]string{
	"numerator": "numerator", "denominator": "denominator", "sample": "value", "open": "still open", "excluded": "left out",
}

// ExplainRow is one fact and how it stands to the number.
type ExplainRow struct {
	// Type is deployment, change, pull request, failure or incident; Name what a person calls it.
	Type, Name, Href string
	// Mono sets versions and hashes.
	Mono    bool
	Service string
	At      time.Time
	Role    string
	Because string
	// Detail is what the reason is seen from, such as the kinds of evidence; it may be empty.
	Detail string
	// Value is in seconds; nil for what takes no time.
	Value *float64
}

// Part is the role in words for a reader.
func (r ExplainRow) Part() string { return partWords[r.Role] }

// Beside says that the fact is no part of the number.
func (r ExplainRow) Beside() bool { return beside(r.Role) }

// ExplainPage is "/explain/{measure}": why this number?
type ExplainPage struct {
	Layout
	// Name is that of the measure, Scope whose it is.
	Name, Scope string
	Bases       []Choice
	Number      Explained
	Formula     string
	Facts       []Fact
	// Remarks say what is odd about the question.
	Remarks []string
	// Command asks the API for the number.
	Command string
	Reasons []ReasonRow
	// Filter says which facts are listed; empty means all. AllHref leads back to all of them.
	Filter, AllHref string
	Rows            []ExplainRow
	Pager           Pager
	CSVHref         string
}

// Render writes the page, or nothing and an error.
func (p ExplainPage) Render(w io.Writer) error { return render(w, "explain", p) }

// Timed reports whether any fact listed took time.
func (p ExplainPage) Timed() bool {
	return slices.ContainsFunc(p.Rows, func(r ExplainRow) bool { return known(r.Value) })
}

// Total is how many facts there are to list.
func (p ExplainPage) Total() int {
	n := 0
	for _, r := range p.Reasons {
		n += r.N
	}
	return n
}

// ExplainHref is the address of the explanation of a measure over the last days, "90d", of a scope; "" is
// the organisation.
func ExplainHref(measure, window, scope string) string {
	v := url.Values{}
	if window != "" {
		v.Set("window", window)
	}
	if scope != "" && scope != "org" {
		v.Set("scope", scope)
	}
	href := "/explain/" + url.PathEscape(measure)
	if len(v) > 0 {
		href += "?" + v.Encode()
	}
	return href
}
