package oracle

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestEachDeploymentOfARealServiceContainsTheSameCommits(t *testing.T) {
	k := newKonflux(t)
	commits, commit := newHistory(k.events), map[string]string{}
	for _, e := range k.events {
		commit[e.text("id")] = e.text("commit")
	}
	ours := map[string]deployment{}
	for _, environment := range []string{"production", "staging", "base"} {
		for _, d := range k.listed(environment) {
			ours[d.ID] = d
		}
	}
	type expected struct {
		ID       string  `json:"id"`
		Previous *string `json:"previous_success"`
		Changes  *int    `json:"changes"`
	}
	compared := 0
	for _, e := range readLines[expected](t, filepath.Join(k.dir, "expected-deployments.jsonl")) {
		d, ok := ours[e.ID]
		if !ok {
			t.Errorf("%s is not among ours", e.ID)
			continue
		}
		compared++
		previous := ""
		if e.Previous != nil {
			previous = *e.Previous
		}
		if e.Previous == nil {
			// Theirs gives the first deployment of an environment all of history.
			// Ours begins the record with it: what it contains is not known.
			if d.Contains != 0 || d.Kind != "initial" {
				t.Errorf("%s is theirs first; ours is a %s and contains %d changes", e.ID, d.Kind, d.Contains)
			}
			continue
		}
		if got := d.Previous; got != previous {
			t.Errorf("%s follows %q, theirs %q", e.ID, got, previous)
		}
		changes, merges := commits.between(commit[previous], commit[e.ID])
		if changes+merges != value(e.Changes) {
			t.Errorf("%s: %d commits by the graph, theirs are %d", e.ID, changes+merges, value(e.Changes))
		}
		if d.Contains != changes {
			t.Errorf("%s contains %d changes, %d by the graph without merge commits", e.ID, d.Contains, changes)
		}
	}
	t.Logf("%d deployments compared", compared)
}

func value(p *int) int {
	if p == nil {
		return 0
	}
	return *p
}

// listed lists the deployments of an environment.
func (k *konflux) listed(environment string) []deployment {
	params := span(beginning, end)
	params.Set("environment", environment)
	params.Set("limit", "1000")
	var page struct {
		Deployments []deployment `json:"deployments"`
	}
	k.get("/api/v1/deployments", params, &page)
	return page.Deployments
}

func TestEachPullRequestOfARealServiceHasTheSameLeadTime(t *testing.T) {
	k := newKonflux(t)
	type row struct {
		lead       float64
		deployment string
	}
	ours, theirs := map[int]row{}, map[int]row{}
	changes := k.changes(beginning, end)
	by := map[int]string{}
	for _, c := range changes {
		by[c.PullRequest] = c.Deployment
	}
	for number, lead := range pulls(changes) {
		ours[number] = row{lead, by[number]}
	}
	type expected struct {
		ID         string   `json:"id"`
		Deployment *string  `json:"deployment"`
		Lead       *float64 `json:"lead_time_seconds"`
	}
	for _, e := range readLines[expected](t, filepath.Join(k.dir, "expected-pull-requests.jsonl")) {
		if e.Lead == nil || e.Deployment == nil {
			continue
		}
		_, rest, _ := strings.Cut(e.ID, "#")
		number, _, _ := strings.Cut(rest, ":")
		n, err := strconv.Atoi(number)
		if err != nil {
			t.Fatalf("%s: %v", e.ID, err)
		}
		theirs[n] = row{*e.Lead, *e.Deployment}
	}
	for n, want := range theirs {
		if got, ok := ours[n]; !ok || !near(got.lead, want.lead) || got.deployment != want.deployment {
			t.Errorf("pull request %d: %v, theirs %v", n, got, want)
		}
	}
	// Theirs leave out what came before the environments were split; ours has it.
	for n, got := range ours {
		if _, ok := theirs[n]; !ok && strings.HasPrefix(got.deployment, "production") {
			t.Errorf("pull request %d came with %s, and theirs has no such", n, got.deployment)
		}
	}
	t.Logf("%d pull requests compared, %d delivered before by our record", len(theirs), len(ours)-len(theirs))
}
