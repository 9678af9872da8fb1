package oracle

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// event is one line of a case: a plain object in the neutral form.
type event map[string]any

func (e event) text(field string) string {
	s, _ := e[field].(string)
	return s
}

// first is the first of the fields that holds a text.
func (e event) first(fields ...string) string {
	for _, f := range fields {
		if s := e.text(f); s != "" {
			return s
		}
	}
	return ""
}

func (e event) list(field string) []string {
	var out []string
	items, _ := e[field].([]any)
	for _, x := range items {
		if s, ok := x.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func (e event) flag(field string) bool {
	b, _ := e[field].(bool)
	return b
}

// oracleCase is one case of another tool.
type oracleCase struct {
	Name  string `json:"case"`
	Grade string `json:"grade"` // core, definition or quirk
	Query struct {
		From        string            `json:"from"`
		To          string            `json:"to"`
		Days        float64           `json:"days"`
		WorkingDays float64           `json:"working_days"`
		Step        string            `json:"step"`
		Services    map[string]string `json:"services"` // service → the stage that is its production
	} `json:"query"`
	Expect     map[string]any `json:"expect"`
	CoreFields []string       `json:"core_fields"`
	events     []event
}

func (c *oracleCase) tool() string { return strings.SplitN(c.Name, "/", 2)[0] }

// expects reports whether the case states a field.
func (c *oracleCase) expects(field string) bool {
	_, ok := c.Expect[field]
	return ok
}

// compared are the fields to compare, in order. A core case may limit them.
func (c *oracleCase) compared() []string {
	if c.Grade == "core" && len(c.CoreFields) > 0 {
		return c.CoreFields
	}
	var names []string
	for name := range c.Expect {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// The whole of time, for cases without a window.
const (
	beginning = "1971-01-02T00:00:00Z"
	end       = "2026-12-31T00:00:00Z"
)

// asked is when the questions are put: after everything that the cases hold.
var asked = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)

// window is the window of the case as ours is, half-open. Theirs include their
// end, and their start too but for one tool.
func (c *oracleCase) window() (from, to string) {
	if c.Query.From == "" {
		return beginning, end
	}
	from, to = c.Query.From, after(c.Query.To)
	if c.tool() == "devopsmetrics" {
		from = after(from)
	}
	return from, to
}

// after is the next moment that we can tell from at.
func after(at string) string { return stamp(moment(at).Add(time.Microsecond)) }

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func moment(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err) // a case that cannot be read is no case
	}
	return t
}

// folder finds the cases: named by PLIMSOLL_ORACLE, else shared/oracle beside
// the module or beside a folder above it. The test is skipped without them.
func folder(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("PLIMSOLL_ORACLE"); dir != "" {
		if _, err := os.Stat(filepath.Join(dir, "cases")); err != nil {
			t.Fatalf("PLIMSOLL_ORACLE names no folder of cases: %v", err)
		}
		return dir
	}
	at, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for {
		up := filepath.Dir(at)
		if up == at {
			t.Skip("no shared/oracle beside the module; name the folder in PLIMSOLL_ORACLE")
		}
		dir := filepath.Join(up, "shared", "oracle")
		if _, err := os.Stat(filepath.Join(dir, "cases")); err == nil {
			return dir
		}
		at = up
	}
}

func readCases(t *testing.T) []*oracleCase {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(folder(t), "cases", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []*oracleCase
	for _, dir := range dirs {
		c := new(oracleCase)
		readJSON(t, filepath.Join(dir, "expected.json"), c)
		if want := filepath.Base(filepath.Dir(dir)) + "/" + filepath.Base(dir); c.Name != want {
			t.Errorf("the case in %s calls itself %s", want, c.Name)
		}
		c.events = readLines[event](t, filepath.Join(dir, "events.jsonl"))
		cases = append(cases, c)
	}
	return cases
}

func readJSON(t *testing.T, path string, out any) {
	t.Helper()
	body, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(body, out)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func readLines[T any](t *testing.T, path string) []T {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []T
	lines := bufio.NewScanner(bytes.NewReader(body))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var v T
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		out = append(out, v)
	}
	if err := lines.Err(); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return out
}
