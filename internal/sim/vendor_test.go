package sim_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/sim"
)

// documented are the fields that the documentation of each vendor shows in every
// delivery of a kind. A field may be null; "[]" goes into each entry of a list.
var documented = map[string]string{
	"github push": `ref before after base_ref created deleted forced compare commits[].id commits[].message commits[].timestamp commits[].author.email
		commits[].added commits[].removed commits[].modified commits[].distinct head_commit.id pusher.name repository.full_name repository.default_branch sender.login`,
	"github pull_request": `action number pull_request.number pull_request.state pull_request.title pull_request.user.login pull_request.created_at
		pull_request.updated_at pull_request.closed_at pull_request.merged_at pull_request.merge_commit_sha pull_request.merged pull_request.draft pull_request.labels
		pull_request.head.ref pull_request.head.sha pull_request.base.ref pull_request.commits repository.full_name sender.type`,
	"github pull_request_review": `action review.id review.user.login review.state review.submitted_at review.commit_id pull_request.number repository.full_name sender.login`,
	"github deployment": `action deployment.id deployment.sha deployment.ref deployment.task deployment.payload deployment.environment deployment.original_environment
		deployment.description deployment.creator.login deployment.created_at deployment.updated_at deployment.statuses_url workflow workflow_run repository.full_name sender.login`,
	"github deployment_status": `action deployment_status.id deployment_status.state deployment_status.description deployment_status.environment
		deployment_status.target_url deployment_status.created_at deployment_status.updated_at deployment_status.deployment_url deployment.id deployment.sha repository.full_name sender.login`,
	"github workflow_run": `action workflow_run.id workflow_run.name workflow_run.head_branch workflow_run.head_sha workflow_run.run_number workflow_run.run_attempt
		workflow_run.event workflow_run.status workflow_run.conclusion workflow_run.workflow_id workflow_run.created_at workflow_run.run_started_at workflow_run.updated_at
		workflow_run.html_url workflow.name repository.full_name sender.login`,
	"gitlab Push Hook": `object_kind event_name before after ref checkout_sha user_id user_name project_id project.path_with_namespace project.default_branch
		commits[].id commits[].title commits[].message commits[].timestamp commits[].author.email commits[].added total_commits_count repository.homepage`,
	"gitlab Merge Request Hook": `object_kind event_type user.username project.id object_attributes.id object_attributes.iid object_attributes.state object_attributes.action
		object_attributes.source_branch object_attributes.target_branch object_attributes.created_at object_attributes.updated_at object_attributes.merge_commit_sha
		object_attributes.url labels changes repository.name`,
	"gitlab Pipeline Hook": `object_kind object_attributes.id object_attributes.ref object_attributes.sha object_attributes.status object_attributes.created_at
		object_attributes.finished_at object_attributes.duration user.username project.path_with_namespace commit.id builds`,
	"gitlab Deployment Hook": `object_kind status status_changed_at deployment_id deployable_id deployable_url environment environment_tier environment_slug
		environment_external_url project.path_with_namespace short_sha user.username user_url commit_url commit_title ref`,
	"pagerduty incident.triggered": `event.id event.event_type event.resource_type event.occurred_at event.agent.id event.client event.data.id event.data.type event.data.self
		event.data.html_url event.data.number event.data.status event.data.incident_key event.data.created_at event.data.title event.data.service.summary event.data.assignees
		event.data.escalation_policy.id event.data.teams event.data.priority.summary event.data.urgency event.data.conference_bridge event.data.resolve_reason`,
	"pagerduty incident.acknowledged": `event.id event.occurred_at event.data.id event.data.status`,
	"pagerduty incident.resolved":     `event.id event.occurred_at event.data.id event.data.status`,
	"pagerduty incident.reopened":     `event.id event.occurred_at event.data.id event.data.status`,
	"alertmanager firing": `version groupKey truncatedAlerts status receiver groupLabels.alertname commonLabels.service commonAnnotations.summary externalURL alerts[].status
		alerts[].labels.alertname alerts[].annotations alerts[].startsAt alerts[].endsAt alerts[].generatorURL alerts[].fingerprint`,
	"alertmanager resolved": `version status alerts[].startsAt alerts[].endsAt alerts[].fingerprint`,
	"argo-rollouts on-rollout-completed": `rollout.metadata.name rollout.metadata.namespace rollout.metadata.uid rollout.metadata.annotations rollout.spec.strategy
		rollout.spec.template.spec.containers[].image rollout.status.phase rollout.status.currentPodHash rollout.status.stableRS startedAt finishedAt`,
	"argo-rollouts on-rollout-updated":           `rollout.metadata.name rollout.status.phase startedAt`,
	"argo-rollouts on-rollout-aborted":           `rollout.metadata.name rollout.status.phase rollout.status.abort rollout.status.abortedAt`,
	"argo-rollouts on-rollout-degraded":          `rollout.metadata.name rollout.status.phase`,
	"argo-rollouts on-analysis-run-successful":   `analysisRun.metadata.name analysisRun.status.phase analysisRun.status.startedAt analysisRun.status.metricResults[].phase`,
	"argo-rollouts on-analysis-run-failed":       `analysisRun.metadata.name analysisRun.status.phase`,
	"argo-rollouts on-analysis-run-inconclusive": `analysisRun.metadata.name analysisRun.status.phase`,
}

const webhookSecret = "the secret of the hook"

func TestVendorsSayWhatTheirDocumentationShows(t *testing.T) {
	_, all, _ := year(t, sim.Config{Seed: 14, Services: 16, Deployments: 50, Gaming: true})
	var sent []sim.Sent
	v := sim.NewVendors(webhookSecret, func(s sim.Sent) error { sent = append(sent, s); return nil })
	commits, merged := map[string]bool{}, 0
	for _, i := range all {
		if i.Change != nil {
			commits[i.Change.SHA] = true
		}
		if i.PullRequest != nil && i.PullRequest.MergedAt.Known() {
			merged++
		}
		if err := v.Take(i); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.Flush(); err != nil {
		t.Fatal(err)
	}
	seen, ids := map[string]int{}, map[string]bool{}
	pushed := map[string]bool{}
	var last plimsoll.Time
	for _, s := range sent {
		if s.At < last {
			t.Fatalf("a delivery of %s comes after one of %s", s.At, last)
		}
		last = s.At
		var body map[string]any
		if err := json.Unmarshal(s.Body, &body); err != nil {
			t.Fatal(err)
		}
		kind := s.Source + " " + kindOf(s, body)
		seen[kind]++
		fields, ok := documented[kind]
		if !ok {
			t.Fatalf("nobody documents %s: %s", kind, s.Body)
		}
		if seen[kind] <= 50 {
			for _, path := range strings.Fields(fields) {
				if !holds(body, strings.Split(path, ".")) {
					t.Errorf("%s has no %s: %s", kind, path, s.Body)
				}
			}
		}
		signed(t, s)
		for _, h := range []string{"X-GitHub-Delivery", "X-Gitlab-Event-UUID", "X-Webhook-Id"} {
			if id := s.Headers[h]; id != "" {
				if ids[id] {
					t.Errorf("%s %s comes twice", h, id)
				}
				ids[id] = true
			}
		}
		if list, ok := body["commits"].([]any); ok {
			for _, c := range list {
				pushed[c.(map[string]any)["id"].(string)] = true
			}
			if after := body["after"]; after != list[len(list)-1].(map[string]any)["id"] {
				t.Errorf("after is %v: %s", after, s.Body)
			}
		}
	}
	for kind := range documented {
		if seen[kind] == 0 {
			t.Errorf("there was no %s", kind)
		}
	}
	if len(pushed) != len(commits) {
		t.Errorf("%d commits were pushed; there are %d", len(pushed), len(commits))
	}
	if t.Failed() {
		t.Logf("%v", seen)
	}
}

func kindOf(s sim.Sent, body map[string]any) string {
	switch s.Source {
	case "github":
		return s.Headers["X-GitHub-Event"]
	case "gitlab":
		return s.Headers["X-Gitlab-Event"]
	case "pagerduty":
		return body["event"].(map[string]any)["event_type"].(string)
	case "alertmanager":
		return body["status"].(string)
	}
	return body["trigger"].(string)
}

// holds reports whether a field is there.
func holds(v any, path []string) bool {
	if len(path) == 0 {
		return true
	}
	m, ok := v.(map[string]any)
	name, list := strings.CutSuffix(path[0], "[]")
	v, there := m[name]
	if !ok || !there || !list {
		return ok && there && holds(v, path[1:])
	}
	entries, ok := v.([]any)
	for _, e := range entries {
		ok = ok && holds(e, path[1:])
	}
	return ok && len(entries) > 0
}

func signed(t *testing.T, s sim.Sent) {
	t.Helper()
	sum := hmac.New(sha256.New, []byte(webhookSecret))
	sum.Write(s.Body)
	signature := hex.EncodeToString(sum.Sum(nil))
	want := map[string][2]string{
		"github": {"X-Hub-Signature-256", "sha256=" + signature}, "gitlab": {"X-Gitlab-Token", webhookSecret}, "pagerduty": {"X-PagerDuty-Signature", "v1=" + signature},
		"alertmanager": {"Authorization", "Bearer " + webhookSecret}, "argo-rollouts": {"Authorization", "Bearer " + webhookSecret},
	}[s.Source]
	if s.Headers[want[0]] != want[1] || s.Headers["Content-Type"] != "application/json" {
		t.Fatalf("%s is not signed: %v", s.Source, s.Headers)
	}
}

func TestAnErrorOfTheReceiverEndsTheDeliveries(t *testing.T) {
	full := errors.New("full")
	v := sim.NewVendors("", func(s sim.Sent) error {
		for h := range s.Headers {
			if strings.Contains(h, "Signature") || strings.Contains(h, "Token") || h == "Authorization" {
				t.Errorf("without a secret %s is sent", h)
			}
		}
		return full
	})
	var err error
	for _, i := range items(t, organisation(t, sim.Config{Seed: 1, Services: 3}), start.Add(10*24*time.Hour)) {
		if err = v.Take(i); err != nil {
			break
		}
	}
	if !errors.Is(err, full) || !errors.Is(v.Flush(), full) {
		t.Errorf("error %v", err)
	}
}
