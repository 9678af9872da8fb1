package vendors

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/sim"
	"github.com/plimsoll-dev/plimsoll/internal/source"
)

// What the tools of a simulated organisation deliver is understood, all of it:
// each of its commits, and when its pull requests were merged.
func TestASimulatedOrganisationIsUnderstood(t *testing.T) {
	begin := plimsoll.TimeOf(time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC))
	org, err := sim.New(sim.Config{Seed: 3, Start: begin, End: begin.Add(20 * 24 * time.Hour), Services: 6})
	if err != nil {
		t.Fatal(err)
	}
	commits, merged := map[string]plimsoll.Time{}, map[string]plimsoll.Time{}
	told, count := map[string]bool{}, map[string]int{}
	hook := sim.NewVendors(secret, func(s sim.Sent) error {
		kind, ok := ByName(s.Source)
		if !ok {
			return nil // argo-rollouts
		}
		h := http.Header{}
		for k, v := range s.Headers {
			h.Set(k, v)
		}
		if !kind.Verify([]string{secret}, h, s.Body, s.At) {
			t.Errorf("%s is not signed as it should be", s.Source)
		}
		_, events, err := take(kind, sample{"", h, s.Body}, source.Options{Severities: []string{"*"}})
		if err != nil && !source.IsIgnored(err) {
			return errors.New(s.Source + ": " + err.Error() + "\n" + string(s.Body))
		}
		for _, e := range events {
			count[string(e.Type)]++
			switch e.Type {
			case plimsoll.TypeChange:
				var c plimsoll.ChangeReport
				if err := json.Unmarshal(e.Body, &c); err != nil {
					return err
				}
				if want, ok := commits[c.SHA]; !ok || want != c.CommittedAt {
					t.Errorf("commit %s at %s; want %s", c.SHA, c.CommittedAt, want)
				}
				told[c.SHA] = true
			case plimsoll.TypePullRequest:
				var p plimsoll.PullRequestReport
				if err := json.Unmarshal(e.Body, &p); err != nil {
					return err
				}
				if p.MergedAt.Known() {
					told[p.MergeSHA+" merged"] = true
					if want := merged[p.MergeSHA]; want != p.MergedAt && s.Source == "github" {
						t.Errorf("%s#%d was merged at %s; want %s", p.Repository, p.Number, p.MergedAt, want)
					}
				}
			}
		}
		return nil
	})
	err = org.Until(plimsoll.Forever, func(i *sim.Item) error {
		if c := i.Change; c != nil && !c.BuiltAt.Known() {
			commits[c.SHA] = c.CommittedAt
		}
		if p := i.PullRequest; p != nil && p.MergedAt.Known() {
			merged[p.MergeSHA] = p.MergedAt
		}
		return hook.Take(i)
	})
	if err := errors.Join(err, hook.Flush()); err != nil {
		t.Fatal(err)
	}
	for sha := range commits {
		if !told[sha] {
			t.Errorf("nobody told of commit %s", sha)
		}
	}
	for sha := range merged {
		if !told[sha+" merged"] {
			t.Errorf("nobody told of the merge %s", sha)
		}
	}
	if count["deployment"] < 20 || count["incident"] < 2 || len(commits) < 20 || len(merged) < 5 {
		t.Errorf("too little happened: %v, %d commits, %d merges", count, len(commits), len(merged))
	}
}
