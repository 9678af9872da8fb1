package web_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/app"
)

// dayOfTools sends what GitHub and Alertmanager send on a day, in their forms.
type dayOfTools struct {
	*site
	sent int
}

const shopRepository = `"repository":{"full_name":"acme/shop","html_url":"https://github.com/acme/shop","default_branch":"main","owner":{"login":"acme","type":"Organization"}}`

func (d *dayOfTools) hook(event, body string) {
	d.t.Helper()
	d.sent++
	a := d.github(event, fmt.Sprintf("delivery-%d", d.sent), `{`+body+`,`+shopRepository+`,"sender":{"login":"grace","type":"User"}}`)
	expectAnswer(d.t, a, 202)
	var got struct {
		Outcome  string `json:"outcome"`
		Position int64  `json:"position"`
	}
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || got.Outcome != "decoded" {
		d.t.Fatalf("%s: %s", event, a.body)
	}
	d.last = max(d.last, got.Position)
}

type pushed struct{ sha, at, message, path string }

func (d *dayOfTools) push(before, at string, commits ...pushed) {
	d.t.Helper()
	var list []string
	for _, c := range commits {
		list = append(list, fmt.Sprintf(`{"id":%q,"distinct":true,"message":%q,"timestamp":%q,"author":{"name":"Ada Lovelace","email":"ada@example.com","username":"ada"},
			"committer":{"name":"GitHub","email":"noreply@github.com"},"added":[],"removed":[],"modified":[%q]}`, c.sha, c.message, c.at, c.path))
	}
	d.hook("push", fmt.Sprintf(`"ref":"refs/heads/main","before":%q,"after":%q,"created":false,"deleted":false,"forced":false,"commits":[%s]`,
		before, commits[len(commits)-1].sha, strings.Join(list, ",")))
}

func (d *dayOfTools) status(id int, sha, environment, state, at string) {
	d.t.Helper()
	d.hook("deployment_status", fmt.Sprintf(`"action":"created","deployment":{"id":%d,"sha":%q,"ref":"main","task":"deploy","payload":{},"environment":%q,"creator":{"login":"github-actions[bot]","type":"Bot"},
		"transient_environment":false,"created_at":"2026-05-29T00:00:00Z","updated_at":"2026-05-31T23:00:00Z"},"deployment_status":{"id":1,"state":%q,"created_at":%q,"updated_at":"2026-05-31T23:00:00Z"}`,
		id, sha, environment, state, at))
}

func (d *dayOfTools) deploy(id int, sha, environment, from, to string) {
	d.t.Helper()
	d.status(id, sha, environment, "in_progress", from)
	d.status(id, sha, environment, "success", to)
}

func (d *dayOfTools) pull(event, action, more, updated string) {
	d.t.Helper()
	d.hook(event, fmt.Sprintf(`"action":%q,%s"number":7,"updated_at":%q,"title":"Add the basket","created_at":"2026-05-30T10:00:00Z","user":{"login":"ada","type":"User"},"labels":[{"name":"feature"}],
		"head":{"ref":"basket","sha":"c1"},"base":{"ref":"main"}}`, action, more, updated))
}

func (d *dayOfTools) alert(status, ends string) {
	d.t.Helper()
	body := fmt.Sprintf(`{"version":"4","status":%q,"alerts":[{"status":%q,"labels":{"alertname":"HighErrorRate","service":"shop","environment":"production","severity":"critical"},
		"annotations":{"summary":"Errors above 5 %%"},"startsAt":"2026-05-30T11:30:00Z","endsAt":%q,"fingerprint":"c1d4f1b0a7a1e2d3"}]}`, status, status, ends)
	expectAnswer(d.t, d.post("/webhooks/alertmanager", body, "Authorization", "Bearer "+hookSecret), 202, `"outcome":"decoded"`)
}

// A day in the life: push, pull request, review, merge, build, staging,
// production, alert, roll-back, resolved, and the repair of the next day.
func TestADayInTheLifeGivesExactlyTheRightFacts(t *testing.T) {
	secret := app.Source{SecretEnv: app.Strings{"HOOK_SECRET"}}
	d := &dayOfTools{site: withHooks(t, map[string]app.Source{"github": secret, "alertmanager": secret}, app.Service{Name: "shop", Repository: "acme/shop", Team: "web"})}
	d.push("a0", "", pushed{"b0", "2026-05-29T09:00:00Z", "Begin", "main.go"})
	d.deploy(1, "b0", "production", "2026-05-29T10:00:00Z", "2026-05-29T10:05:00Z")

	d.pull("pull_request", "opened", `"pull_request":{"state":"open","merged_at":null,"merge_commit_sha":"7r1a1",`, "2026-05-30T10:00:00Z")
	d.pull("pull_request_review", "submitted", `"review":{"state":"approved","submitted_at":"2026-05-30T10:50:00Z","user":{"login":"grace","type":"User"}},"pull_request":{"state":"open",`, "2026-05-30T10:50:00Z")
	d.pull("pull_request_review", "submitted", `"review":{"state":"commented","submitted_at":"2026-05-30T10:30:00Z","user":{"login":"grace","type":"User"}},"pull_request":{"state":"open",`, "2026-05-30T10:30:00Z")
	d.push("b0", "", pushed{"c1", "2026-05-30T09:00:00Z", "Add the basket\n\nSigned-off-by: Ada Lovelace <ada@example.com>", "basket.go"},
		pushed{"m1", "2026-05-30T11:00:00Z", "Merge pull request #7 from acme/basket", "basket.go"})
	d.pull("pull_request", "closed", `"pull_request":{"state":"closed","merged":true,"closed_at":"2026-05-30T11:00:00Z","merged_at":"2026-05-30T11:00:00Z","merge_commit_sha":"m1",`, "2026-05-30T11:00:01Z")
	d.hook("workflow_run", `"action":"completed","workflow_run":{"id":9,"name":"build","head_branch":"main","head_sha":"m1","event":"push","status":"completed","conclusion":"success",
		"run_started_at":"2026-05-30T11:00:10Z","updated_at":"2026-05-30T11:05:00Z","head_commit":{"id":"m1","timestamp":"2026-05-30T11:00:00Z"}}`)
	d.deploy(2, "m1", "staging", "2026-05-30T11:06:00Z", "2026-05-30T11:10:00Z")
	d.deploy(3, "m1", "production", "2026-05-30T11:20:00Z", "2026-05-30T11:25:00Z")
	d.alert("firing", "0001-01-01T00:00:00Z")
	d.deploy(4, "b0", "production", "2026-05-30T11:45:00Z", "2026-05-30T11:50:00Z")
	d.alert("resolved", "2026-05-30T11:52:00Z")
	d.push("m1", "", pushed{"c2", "2026-05-31T11:00:00Z", "Mend the basket", "basket.go"})
	d.deploy(5, "c2", "production", "2026-05-31T12:00:00Z", "2026-05-31T12:05:00Z")

	var facts struct {
		Deployments []struct {
			ID, Kind, Result, Coverage string
			Failed                     bool
			Brought                    int
			RolledBackBy               string `json:"rolled_back_by"`
		}
	}
	d.facts("/api/v1/deployments?environment=production", &facts)
	id := "github.com/acme/shop/deployments/"
	var got []string
	for _, x := range facts.Deployments {
		got = append(got, fmt.Sprintf("%s %s %s %s failed %t brought %d %s", strings.TrimPrefix(x.ID, id), x.Kind, x.Result, x.Coverage, x.Failed, x.Brought, strings.TrimPrefix(x.RolledBackBy, id)))
	}
	expectLines(t, "deployments", got, "5 change success graph failed false brought 2 ", "4 rollback success graph failed false brought 0 ",
		"3 change rolled_back graph failed true brought 0 4", "1 initial success first failed false brought 0 ")

	var incidents struct {
		Incidents []struct {
			Services     []string
			Severity     string
			AttributedTo string  `json:"attributed_to"`
			ToRestore    float64 `json:"time_to_restore_seconds"`
		}
	}
	d.facts("/api/v1/incidents", &incidents)
	got = nil
	for _, x := range incidents.Incidents {
		got = append(got, fmt.Sprint(x.Services, " ", x.Severity, " ", x.AttributedTo, " ", x.ToRestore))
	}
	expectLines(t, "incidents", got, "[shop] critical "+id+"3 1320")

	var changes struct {
		Changes []map[string]any
	}
	d.facts("/api/v1/changes", &changes)
	got = nil
	for _, x := range changes.Changes {
		got = append(got, fmt.Sprint(x["sha"], " ", x["message_subject"], " ", x["lead_time_seconds"], " ", x["pull_request"], " opened ", x["opened_at"], " reviewed ", x["first_review_at"],
			" approved ", x["approved_at"], " merged ", x["merged_at"], " built ", x["built_at"], " exposed ", x["first_exposed_at"]))
	}
	expectLines(t, "changes", got,
		"c2 Mend the basket 3900 <nil> opened <nil> reviewed <nil> approved <nil> merged 2026-05-31T11:00:00Z built <nil> exposed 2026-05-31T12:05:00Z",
		"c1 Add the basket 97500 7 opened 2026-05-30T10:00:00Z reviewed 2026-05-30T10:30:00Z approved 2026-05-30T10:50:00Z merged 2026-05-30T11:00:00Z built 2026-05-30T11:05:00Z exposed 2026-05-30T11:25:00Z")

	var m struct {
		Frequency struct{ Deployments int }     `json:"deployment_frequency"`
		Lead      struct{ N, P50 float64 }      `json:"lead_time"`
		Failures  struct{ Failed, Counted int } `json:"change_failure_rate"`
		Restore   struct{ N, P50 float64 }      `json:"time_to_restore"`
		Quality   struct {
			Shares struct {
				WithKnownChanges float64 `json:"with_known_changes"`
			}
		} `json:"data_quality"`
	}
	d.facts("/api/v1/measures?scope=team:web&from=2026-05-29T00:00:00Z&to=2026-06-01T00:00:00Z", &m)
	if m.Frequency.Deployments != 4 || m.Lead.N != 2 || m.Lead.P50 != 50700 || m.Failures.Failed != 1 || m.Failures.Counted != 3 || m.Restore.N != 1 || m.Restore.P50 != 1320 || m.Quality.Shares.WithKnownChanges != 1 {
		t.Errorf("measures: %+v", m)
	}
	for _, path := range []string{"/api/v1/deployments", "/api/v1/incidents", "/api/v1/changes"} {
		if body := d.ask("GET", path, nil).body; strings.Contains(body, "Ada") || strings.Contains(body, "example.com") {
			t.Errorf("%s names a person: %s", path, body)
		}
	}
}

// facts asks for what was sent.
func (d *dayOfTools) facts(path string, into any) {
	d.t.Helper()
	a := d.ask("GET", path, nil)
	if err := json.Unmarshal([]byte(a.body), into); err != nil || a.status != 200 {
		d.t.Fatalf("%s: %d %s", path, a.status, a.body)
	}
}

func expectLines(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s:\n%s\nwant:\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
