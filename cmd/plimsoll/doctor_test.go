package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheDoctorLooksBesideAServerAndThroughIt(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	url, stop := serving(t, "--data", data)
	fine(t, "record", "deployment", "--server", url, "--service", "webapp", "--environment", "production", "--version", "v1")
	for name, args := range map[string][]string{"folder": {"--data", data}, "server": {"--server", url}} {
		out := fine(t, append([]string{"doctor"}, args...)...)
		for _, words := range []string{"STATUS", "integrity", "every page and every index agree", "1 event in 1 delivery, none missing", "api: 1 event, the last", url} {
			if !strings.Contains(out, words) {
				t.Errorf("%s: no %q in\n%s", name, words, out)
			}
		}
		if ready := strings.Contains(out, "ready: store_write"); ready != (name == "server") {
			t.Errorf("%s: %s", name, out)
		}
		if quick := fine(t, append([]string{"doctor", "--quick"}, args...)...); strings.Contains(quick, "integrity") || !strings.Contains(quick, "schema") {
			t.Errorf("%s, quick:\n%s", name, quick)
		}
	}
	if s := stop(); s.code != 0 {
		t.Errorf("the server ends with %d: %s", s.code, s.err)
	}
	fine(t, "doctor", "--data", data)
}

func TestTheDoctorExits1WhenSomethingFails(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	fine(t, "record", "deployment", "--data", data, "--service", "webapp", "--environment", "production", "--version", "v1")
	if err := os.Chmod(data, 0o777); err != nil {
		t.Fatal(err)
	}
	s := call(t, "doctor", "--data", data)
	if s.code != 1 || s.err != "" || !strings.Contains(s.out, "fail, permissions: chmod 700 "+data) || !strings.Contains(s.out, "1 fail.") {
		t.Errorf("exit %d, %q\n%s", s.code, s.err, s.out)
	}
	s = call(t, "doctor", "--data", data, "--format", "json")
	var out struct {
		Status   string
		Findings []struct{ Check, Status, Found, Advice string }
	}
	if err := json.Unmarshal([]byte(s.out), &out); err != nil || s.code != 1 || out.Status != "fail" || len(out.Findings) < 12 {
		t.Errorf("exit %d, %v\n%s", s.code, err, s.out)
	}
}
