package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// march is the past that the printed answers are about.
func march(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for i := range 12 {
		result := "success"
		if i == 4 {
			result = "failure"
		}
		fmt.Fprintf(&b, `{"type":"deployment","id":"d%02d","service":%q,"environment":"production","version":"v1.%d","commit_sha":"abc%04d","repository":"github.com/acme/webapp","commit_timestamp":"2024-03-%02dT08:00:00Z","started_at":"2024-03-%02dT10:00:00Z","finished_at":"2024-03-%02dT10:%02d:00Z","result":%q,"team":"shop"}`+"\n",
			i, []string{"webapp", "billing"}[i%2], i, i, i+1, i+2, i+2, i+5, result)
	}
	b.WriteString(`{"type":"deployment","id":"s1","service":"webapp","environment":"staging","version":"v2|rc","finished_at":"2024-03-20T10:00:00Z"}` + "\n")
	b.WriteString(`{"type":"incident","id":"INC-1","services":["webapp"],"severity":"high","title":"=cmd|' /C calc'!A1","started_at":"2024-03-08T10:30:00Z","resolved_at":"2024-03-08T12:00:00Z"}` + "\n")
	b.WriteString(`{"type":"incident","id":"INC-2","services":["billing"],"title":"still going on","detected_at":"2024-03-13T11:00:00Z"}` + "\n")
	data := t.TempDir()
	fine(t, "import", "jsonl", write(t, "march.jsonl", b.String()), "--data", data)
	return data
}

func TestTheAnswersArePrintedInFourFormats(t *testing.T) {
	data := march(t)
	window := []string{"--from", "2024-03-01", "--to", "2024-04-01", "--data", data}
	for _, verb := range []string{"measures", "deployments", "changes", "incidents", "compare", "trend", "baseline", "bottleneck", "signs"} {
		for _, format := range []string{"table", "json", "csv", "md"} {
			out := fine(t, append([]string{verb, "--format", format}, window...)...)
			if format == "json" {
				var indented strings.Builder
				var v any
				if err := json.Unmarshal([]byte(out), &v); err != nil {
					t.Fatalf("%s: %v", verb, err)
				}
				e := json.NewEncoder(&indented)
				e.SetIndent("", " ")
				if err := e.Encode(v); err != nil {
					t.Fatal(err)
				}
				out = indented.String()
			}
			golden(t, verb+"."+format, out)
		}
	}
}

func TestANumberIsExplainedInFourFormats(t *testing.T) {
	data := march(t)
	for _, format := range []string{"table", "json", "csv", "md"} {
		out := fine(t, "explain", "change_failure_rate", "--from", "2024-03-01", "--to", "2024-04-01", "--data", data, "--limit", "3", "--format", format)
		if format == "json" {
			var e struct {
				Facts  []any
				Number struct{ Value float64 }
			}
			if err := json.Unmarshal([]byte(out), &e); err != nil || len(e.Facts) != 3 || e.Number.Value == 0 {
				t.Errorf("%v: %s", err, out)
			}
			continue
		}
		golden(t, "explain."+format, out)
	}
	for line, want := range map[string]int{"--counted true": 12, "--counted false": 1, "--reason failed": 3, "--role denominator": 9, "--all": 13} {
		out := fine(t, append([]string{"explain", "change_failure_rate", "--from", "2024-03-01", "--to", "2024-04-01", "--data", data}, strings.Fields(line)...)...)
		if got := strings.Count(out, "  deployment  "); got != want {
			t.Errorf("%s: %d facts, want %d\n%s", line, got, want, out)
		}
	}
}

func TestAListGoesOnAsFarAsItIsAsked(t *testing.T) {
	data := march(t)
	if out := fine(t, "deployments", "--limit", "5", "--data", data); strings.Count(out, "\n") != 1+5+2 || !strings.Contains(out, "There are more; ask with a greater --limit, or 0 for all.") {
		t.Errorf("%s", out)
	}
	if out := fine(t, "deployments", "--limit", "0", "--data", data, "--format", "csv"); strings.Count(out, "\n") != 1+13 {
		t.Errorf("%s", out)
	}
	var all struct {
		Deployments []struct{ ID string }
		NextCursor  *string `json:"next_cursor"`
	}
	if err := json.Unmarshal([]byte(fine(t, "deployments", "--limit", "0", "--format", "json", "--data", data)), &all); err != nil || len(all.Deployments) != 13 || all.NextCursor != nil {
		t.Errorf("%+v, %v", all, err)
	}
	for scope, want := range map[string]int{"--service=webapp": 7, "--team=shop": 13, "--scope=service:billing": 6, "--environment=staging": 1, "--environment=production": 12, "--to=2024-03-02": 0, "--from=2024-03-20": 1} {
		out := fine(t, "deployments", scope, "--format", "csv", "--data", data)
		if got := strings.Count(out, "\n") - 1; got != want {
			t.Errorf("%s: %d deployments, want %d", scope, got, want)
		}
	}
}

func TestDerivingAgainChangesNoAnswer(t *testing.T) {
	data := march(t)
	ask := func() []string {
		var out []string
		for _, verb := range []string{"measures", "deployments", "changes", "incidents", "compare", "trend", "baseline", "bottleneck", "signs"} {
			out = append(out, fine(t, verb, "--from", "2024-03-01", "--to", "2024-04-01", "--format", "json", "--data", data))
		}
		return out
	}
	before := ask()
	if out := fine(t, "refold", "--data", data); !strings.HasPrefix(out, "All facts are derived again, in ") {
		t.Errorf("%q", out)
	}
	if after := ask(); !slices.Equal(before, after) {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
}
