package main

import (
	"strings"
	"testing"
)

func TestEvidenceIsListedConfirmedAndRejected(t *testing.T) {
	data := march(t)
	rows := func(args ...string) []string {
		out := fine(t, append([]string{"evidence", "list", "--format", "csv", "--data", data}, args...)...)
		return strings.Split(strings.TrimSpace(out), "\n")[1:]
	}
	all := rows()
	if len(all) != 3 {
		t.Fatalf("%q", all)
	}
	if got := rows("--service", "billing"); len(got) != 1 || !strings.Contains(got[0], "incident") || !strings.Contains(got[0], "accepted") {
		t.Fatalf("%q", got)
	}
	id := all[0][strings.LastIndex(all[0], ",")+1:]
	if out := fine(t, "evidence", "reject", id, "--reason", "the network was down", "--actor", "Ada", "--data", data); !strings.HasPrefix(out, "rejected "+id+" (position ") {
		t.Errorf("%q", out)
	}
	if got := rows("--status", "rejected"); len(got) != 1 || !strings.Contains(got[0], "the network was down") {
		t.Errorf("%q", got)
	}
	if out := fine(t, "evidence", "confirm", id, "--reason", "it was the release", "--data", data); !strings.HasPrefix(out, "confirmed "+id) {
		t.Errorf("%q", out)
	}
	if got := rows("--status", "confirmed"); len(got) != 1 {
		t.Errorf("%q", got)
	}
	for line, words := range map[string]string{
		"evidence":                    "expected one of confirm, list, reject",
		"evidence confirm":            "ID is missing",
		"evidence confirm " + id:      "--reason: missing",
		"evidence reject nothing":     "no evidence",
		"evidence list --status sure": "status",
	} {
		args := strings.Fields(line)
		if len(args) > 1 {
			args = append(args, "--data", data)
		}
		call(t, args...).wrong(t, words)
	}
}
