package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/client"
)

func TestLateNamesWhatWasLearntSince(t *testing.T) {
	data := march(t)
	month := []string{"--from", "2024-03-01", "--to", "2024-04-01", "--data", data}
	ask := func(verb ...string) string { return fine(t, append(verb, month...)...) }
	before := ask("measures")
	then := time.Now().UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano)
	late := `{"type":"deployment","id":"late-1","service":"webapp","environment":"production","version":"v99","finished_at":"2024-03-21T10:00:00Z","result":"failure"}`
	fine(t, "import", "jsonl", write(t, "late.jsonl", late+"\n"), "--data", data)
	after := ask("measures")
	if after == before {
		t.Fatalf("the late deployment changed nothing:\n%s", after)
	}
	asOf := ask("measures", "--as-of", then)
	if !strings.Contains(asOf, "As known at "+then+", with event ") {
		t.Errorf("no note on what it knows:\n%s", asOf)
	}
	for line := range strings.Lines(before) {
		if !strings.Contains(asOf, line) {
			t.Errorf("as of the time before:\n%s\nhas not the line %s", asOf, line)
		}
	}
	out := ask("late", "--as-of", then)
	for _, part := range []string{"AS KNOWN " + then, "NOW\n", "late-1", "deployments late-1 began", "evidence", "failures late-1 began"} {
		if !strings.Contains(out, part) {
			t.Errorf("late has no %q:\n%s", part, out)
		}
	}
	if out := ask("late", "--as-of", then, "--format", "csv"); strings.Count(out, "\n") != 2 {
		t.Errorf("one event and a head as CSV:\n%s", out)
	}
	if out := ask("late", "--as-of", then, "--service", "billing"); !strings.Contains(out, "No event since has changed a fact") {
		t.Errorf("late of another service:\n%s", out)
	}
	if out := ask("deployments", "--as-of", then, "--format", "csv", "--limit", "0"); strings.Contains(out, "late-1") || !strings.Contains(out, "webapp") {
		t.Errorf("deployments known before:\n%s", out)
	}
	if out := fine(t, "measures", "--as-of", "2024-05-01T00:00:00Z", "--data", data); !strings.Contains(out, "As of 2024-05-01T00:00:00Z nothing was known yet.") {
		t.Errorf("before the import:\n%s", out)
	}
	if s := call(t, "measures", "--as-of", "2024-05-01", "--data", data); s.code != 2 || !strings.Contains(s.err, "as_of") {
		t.Errorf("exit %d: %s", s.code, s.err)
	}
}

func TestALateEventShowsAFewFactsAndCountsTheRest(t *testing.T) {
	var facts []string
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		facts = append(facts, `{"fact":"failures","id":"`+id+`","how":"began"}`)
	}
	var l client.Late
	if err := json.Unmarshal([]byte(`{"events":[{"seq":7,"changed":[`+strings.Join(facts, ",")+`]}]}`), &l); err != nil {
		t.Fatal(err)
	}
	row := func(all bool) string { r := lateTable(l, all).Rows[0]; return r[len(r)-1] }
	if got := row(false); got != "failures a began; failures b began; failures c began; 2 more" {
		t.Error(got)
	}
	if got := row(true); !strings.HasSuffix(got, "; failures d began; failures e began") {
		t.Error(got)
	}
}
