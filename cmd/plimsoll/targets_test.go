package main

import (
	"strings"
	"testing"
)

func TestATargetIsSetShownAndDropped(t *testing.T) {
	data := march(t)
	set := []string{"targets", "set", "--measure", "change_failure_rate", "--team", "shop", "--data", data,
		"--baseline-from", "2024-03-01", "--baseline-to", "2024-04-01", "--goal", "2034-07-01=0.1"}
	if out := fine(t, set...); !strings.HasPrefix(out, "team:shop/change_failure_rate: undecidable, nothing was measured since the baseline") {
		t.Errorf("%s", out)
	}
	out := fine(t, "targets", "--data", data)
	for _, part := range []string{"TARGET", "team:shop/change_failure_rate", "0.1 by 2034-07-01", "undecidable"} {
		if !strings.Contains(out, part) {
			t.Errorf("no %q in\n%s", part, out)
		}
	}
	if out := fine(t, "targets", "--service", "webapp", "--data", data); !strings.Contains(out, "(none)") {
		t.Errorf("of another scope: %s", out)
	}
	if out := fine(t, "targets", "--data", data, "--format", "json"); !strings.Contains(out, `"status":"undecidable"`) {
		t.Errorf("%s", out)
	}
	// The facts are made anew from the log, targets too.
	fine(t, "refold", "--data", data)
	if out := fine(t, "targets", "--data", data, "--format", "csv"); strings.Count(out, "\n") != 2 {
		t.Errorf("after a refold: %s", out)
	}
	if out := fine(t, "targets", "drop", "team:shop/change_failure_rate", "--data", data); out != "team:shop/change_failure_rate: dropped\n" {
		t.Errorf("%s", out)
	}
	if out := fine(t, "targets", "--data", data); !strings.Contains(out, "(none)") {
		t.Errorf("%s", out)
	}
	call(t, append(set, "--goal", "2034-10-01")...).wrong(t, "--goal", "expected DATE=VALUE")
	call(t, append(set, "--goal", "2034-10-01=7")...).wrong(t, "--goal", "ratio from 0 to 1")
	call(t, append(set, "--scope", "org")...).wrong(t, "exclude each other")
	call(t, "targets", "drop", "--data", data).wrong(t, "ID is missing")
	call(t, "targets", "--span", "1d", "--data", data).wrong(t, "span")
	call(t, "targets", "set", "--measure", "lead_time", "--baseline-from", "2024-01-01", "--baseline-to", "2024-03-01", "--data", data).wrong(t, "--goal: missing")
}

// March is too short a record to say much about, and says so.
func TestAComparisonOfALittleSaysThatItIsLittle(t *testing.T) {
	data := march(t)
	out := fine(t, "compare", "--from", "2024-03-10", "--to", "2024-03-20", "--data", data)
	if strings.Contains(out, "better") || strings.Contains(out, "worse") || !strings.Contains(out, "too few to say") {
		t.Errorf("%s", out)
	}
}
