package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestWhatIsRecordedWithoutATimeHappensNow(t *testing.T) {
	data := t.TempDir()
	began := time.Now().Add(-2 * time.Second)
	for what, args := range map[string][]string{
		"deployment": {"--id", "d1", "--service", "web", "--environment", "production", "--version", "v1", "--label", "job=17", "--planned", "false", "--waited-seconds", "2.5"},
		"incident":   {"--id", "INC-1", "--services", "web,api", "--severity", "high"},
		"change":     {"--sha", "abc", "--repository", "r", "--committed-at", "2024-03-24T10:00:00Z", "--author", "ann@example.org", "--pull-request", "7", "--parents", "p1 p2"},
		"flag":       {"--key", "checkout", "--environment", "production", "--from", "off", "--to", "on"},
	} {
		out := fine(t, append([]string{"record", what, "--data", data}, args...)...)
		if !strings.HasPrefix(out, "recorded "+what+" (position ") {
			t.Errorf("%s: %q", what, out)
		}
	}
	var d struct {
		Deployments []struct {
			ID, Result string
			FinishedAt time.Time `json:"finished_at"`
			Labels     map[string]string
		}
	}
	decode(t, fine(t, "deployments", "--format", "json", "--data", data), &d)
	if len(d.Deployments) != 1 || d.Deployments[0].FinishedAt.Before(began) || d.Deployments[0].Labels["job"] != "17" {
		t.Errorf("%+v", d)
	}
	var i struct {
		Incidents []struct {
			StartedAt time.Time `json:"started_at"`
			Services  []string
		}
	}
	decode(t, fine(t, "incidents", "--format", "json", "--data", data), &i)
	if len(i.Incidents) != 1 || i.Incidents[0].StartedAt.Before(began) || len(i.Incidents[0].Services) != 2 {
		t.Errorf("%+v", i)
	}
}

func TestARunningDeploymentBeginsNowAndALaterReportEndsIt(t *testing.T) {
	data := t.TempDir()
	d1 := []string{"record", "deployment", "--data", data, "--id", "d1", "--service", "web", "--environment", "production"}
	fine(t, append(d1, "--result", "running")...)
	fine(t, append(d1, "--result", "success")...)
	var d struct {
		Deployments []struct {
			Result                string
			StartedAt, FinishedAt *time.Time
		}
	}
	decode(t, strings.NewReplacer("started_at", "StartedAt", "finished_at", "FinishedAt").Replace(fine(t, "deployments", "--format", "json", "--data", data)), &d)
	if len(d.Deployments) != 1 || d.Deployments[0].Result != "success" || d.Deployments[0].StartedAt == nil || d.Deployments[0].FinishedAt == nil {
		t.Errorf("%+v", d)
	}
}

func TestTheSameReportIsKnownAlready(t *testing.T) {
	data := t.TempDir()
	args := []string{"record", "incident", "--data", data, "--id", "INC-1", "--started-at", "2024-03-24T10:00:00Z"}
	fine(t, args...)
	if out := fine(t, args...); !strings.HasPrefix(out, "known already, nothing to do: incident (position 1)") {
		t.Errorf("%q", out)
	}
}

func TestAReportWaitsForAServerThatIsBusy(t *testing.T) {
	var asked atomic.Int32
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(`{"error":{"code":"unavailable","message":"later"}}`))
			return
		}
		_, _ = w.Write([]byte(`{"accepted":1,"duplicates":0,"position":9}`))
	}))
	defer busy.Close()
	out := fine(t, "record", "deployment", "--service", "web", "--environment", "production", "--server", busy.URL)
	if out != "recorded deployment (position 9)\n" || asked.Load() != 3 {
		t.Errorf("%q after %d requests", out, asked.Load())
	}
}

func TestAReportIsNotRepeatedWhenItIsWrong(t *testing.T) {
	url, _ := serving(t, "--data", t.TempDir())
	began := time.Now()
	call(t, "record", "deployment", "--service", "web", "--server", url).wrong(t, "--environment: missing")
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %s", took)
	}
}

func decode(t *testing.T, s string, out any) {
	t.Helper()
	if err := json.Unmarshal([]byte(s), out); err != nil {
		t.Fatalf("%v: %s", err, s)
	}
}
