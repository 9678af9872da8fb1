package web

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/query"
)

// mostWhole bounds how many explanations are held in one piece at a time; each
// may take some 100 MB.
const mostWhole = 2

// getExplain answers why a measure has its number. As CSV, or with all=true, it
// answers every fact at once.
func (s *Server) getExplain(w http.ResponseWriter, r *http.Request) error {
	a, err := ask(r, append([]string{"basis", "benchmark", "counted", "role", "reason", "limit", "cursor", "all", "format"}, scoped...)...)
	if err != nil {
		return err
	}
	q, err := s.question(a)
	if err != nil {
		return err
	}
	want := query.ExplainAsk{
		Measure: metric.Measure(r.PathValue("measure")), Basis: a.values.Get("basis"), Role: a.values.Get("role"),
		Reason: a.values.Get("reason"), Counted: a.values.Get("counted"),
	}
	if want.Page, err = a.page(); err != nil {
		return err
	}
	format, err := a.format(r)
	if err != nil {
		return err
	}
	all := a.values.Get("all")
	if all != "" && all != "true" && all != "false" {
		return plimsoll.FieldErrorf("all", "%q; expected true or false", all)
	}
	if all != "true" && format != "csv" {
		out, err := s.opt.Desk.Explain(r.Context(), q, want)
		if err != nil {
			return err
		}
		writeJSON(w, http.StatusOK, out)
		return nil
	}
	if want.Page != (query.PageAsk{}) {
		return plimsoll.FieldErrorf("limit", "an answer with every fact has no pages; leave limit and cursor out")
	}
	if err := s.whole.Acquire(r.Context(), 1); err != nil {
		return err
	}
	defer s.whole.Release(1)
	out, err := s.opt.Desk.Export(r.Context(), q, want)
	if err != nil {
		return err
	}
	if format == "json" {
		writeJSON(w, http.StatusOK, out)
		return nil
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8; header=present")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s.csv"`, out.Measure))
	return writeFacts(w, out.Facts)
}

// page reads limit and cursor.
func (a *asking) page() (query.PageAsk, error) {
	p := query.PageAsk{Limit: int(min(a.number("limit"), 1<<30)), Cursor: a.values.Get("cursor")}
	if a.err == nil && a.values.Get("limit") != "" && p.Limit == 0 {
		a.err = plimsoll.FieldErrorf("limit", "0 shows nothing; expected 1 or more")
	}
	return p, a.err
}

// format is what the answer is written as: that of the parameter, else what
// the request accepts.
func (a *asking) format(r *http.Request) (string, error) {
	switch f := a.values.Get("format"); {
	case f == "csv" || f == "json":
		return f, nil
	case f != "":
		return "", plimsoll.FieldErrorf("format", "%q; expected json or csv", f)
	case strings.HasPrefix(r.Header.Get("Accept"), "text/csv"):
		return "csv", nil
	}
	return "json", nil
}

// factColumns begin with what a recount needs. None of those holds a comma, so
// that tools which only split lines can count too.
var factColumns = []string{
	"counted", "role", "reason", "value_seconds", "at", "begin", "end", "type", "id", "because", "service", "environment", "repository",
	"version", "commit_sha", "kind", "result", "coverage", "title", "severity", "pull_request", "bot", "deployment", "failure",
	"deployments", "incidents", "evidence", "clauses", "strategy", "waited_seconds", "fix",
}

// writeFacts writes RFC 4180, the columns above.
func writeFacts(w io.Writer, facts []query.Fact) error {
	out := csv.NewWriter(w)
	if err := out.Write(factColumns); err != nil {
		return err
	}
	for _, f := range facts {
		if err := out.Write(factCells(f)); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func factCells(f query.Fact) []string {
	value, waited, number, service := secondsCell(f.Value), secondsCell(f.Waited), "", f.Service
	if f.PullRequest != 0 {
		number = strconv.Itoa(f.PullRequest)
	}
	if service == "" {
		service = strings.Join(f.Services, " ")
	}
	var evidence []string
	for _, e := range f.Evidence {
		evidence = append(evidence, string(e.Kind)+":"+string(e.Status))
	}
	cells := []string{
		strconv.FormatBool(f.Counted), string(f.Role), f.Reason, value, f.At.String(), f.Begin.String(), f.End.String(), f.Type, f.ID, f.Because,
		service, f.Environment, f.Repository, f.Version, f.CommitSHA, f.Kind, f.Result, f.Coverage, f.Title, f.Severity, number,
		strconv.FormatBool(f.Bot), f.Deployment, f.Failure, strings.Join(f.Deployments, " "), strings.Join(f.Incidents, " "),
		strings.Join(evidence, " "), strings.Join(f.Clauses, " "), f.Strategy, waited, f.Fix,
	}
	for i := range cells {
		if factColumns[i] != "value_seconds" { // a number of ours, which may be negative
			cells[i] = harmless(cells[i])
		}
	}
	return cells
}

func secondsCell(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'f', -1, 64)
}

// harmless keeps a spreadsheet from taking what somebody reported for a
// formula.
func harmless(cell string) string {
	if strings.IndexAny(cell, "=+-@\t\r\n＝＋－＠") == 0 {
		return "'" + cell
	}
	return cell
}
