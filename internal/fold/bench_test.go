package fold

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// scale is a regular organisation: services with a repository each, and a
// deployment every hour that brings a pull request of some commits.
type scale struct{ services, deployments, commits int }

// merged is how many commits come by one merge; the others stand on the line.
const merged = 4

func (s scale) events(tb testing.TB) []plimsoll.Event {
	tb.Helper()
	var out []plimsoll.Event
	for i := range s.services {
		out = append(out, s.service(tb, fmt.Sprintf("service-%d", i))...)
	}
	return out
}

// service makes the events of one service. Its last commit is the head.
func (s scale) service(tb testing.TB, name string) []plimsoll.Event {
	at := plimsoll.TimeOf(received.Add(-time.Duration(s.deployments) * time.Hour))
	repository := "acme/" + name
	out := make([]plimsoll.Event, 0, s.deployments*(s.commits+1))
	tip, n := "", 0
	commit := func(parents []string, pull int) string {
		n++
		sha := fmt.Sprintf("%s-%036d", name[len(name)-1:], n)
		at = at.Add(time.Second)
		c := plimsoll.ChangeReport{SHA: sha, Repository: repository, AuthoredAt: at.Add(-time.Hour), CommittedAt: at, Parents: parents, AuthorHash: "a-0123456789abcdef"}
		if pull != 0 {
			c.PullRequest = &plimsoll.PullRequestRef{Number: pull, Branch: "feature/some-name"}
		}
		out = append(out, event(tb, plimsoll.TypeChange, c.Key(), at, c))
		return sha
	}
	on := func(shas ...string) []string {
		if shas[0] == "" {
			return nil
		}
		return shas
	}
	for d := range s.deployments {
		for range s.commits / (merged + 1) {
			side := tip
			for range merged {
				side = commit(on(side), 0)
			}
			if tip == "" {
				tip = side
				continue
			}
			tip = commit(on(tip, side), d+1)
		}
		for range s.commits % (merged + 1) {
			tip = commit(on(tip), 0)
		}
		at = plimsoll.TimeOf(received.Add(-time.Duration(s.deployments-d) * time.Hour).Add(50 * time.Minute))
		id := fmt.Sprintf("%s-%d", name, d)
		r := plimsoll.DeploymentReport{ID: id, Service: name, Environment: "production", Version: fmt.Sprint("v", d), CommitSHA: tip, Repository: repository,
			StartedAt: at.Add(-time.Minute), FinishedAt: at, Result: plimsoll.ResultSuccess}
		if d%10 == 9 {
			r.Result = plimsoll.ResultFailure
		}
		out = append(out, event(tb, plimsoll.TypeDeployment, id, at, r))
	}
	return out
}

func event(tb testing.TB, typ plimsoll.Type, subject string, at plimsoll.Time, report any) plimsoll.Event {
	body, err := json.Marshal(report)
	if err != nil {
		tb.Fatal(err)
	}
	e := plimsoll.Event{Type: typ, SchemaVersion: plimsoll.SchemaVersion, Subject: subject, Source: "bench", OccurredAt: at, Body: body}
	e.Hash = e.ContentHash()
	return e
}

func mustAppend(tb testing.TB, org *store.Org, events []plimsoll.Event) {
	tb.Helper()
	for len(events) > 0 {
		n := min(len(events), 10_000)
		if _, err := org.Append(context.Background(), store.Delivery{Source: "bench", Outcome: "decoded", Events: events[:n]}); err != nil {
			tb.Fatal(err)
		}
		events = events[n:]
	}
}

// What one event costs that comes while the program runs: a service with 1,000
// deployments, and a repository with 50,000 commits.
func BenchmarkLiveEvent(b *testing.B) {
	s := scale{1, 1000, 50}
	history := s.service(b, "service-0")
	last := history[len(history)-1]
	var head plimsoll.DeploymentReport
	if err := json.Unmarshal(last.Body, &head); err != nil {
		b.Fatal(err)
	}
	for _, kind := range []string{"deployment", "commit", "incident"} {
		b.Run(kind, func(b *testing.B) {
			db := mustOpen(b, store.Options{})
			org := mustOrg(b, db, "default")
			mustAppend(b, org, history)
			f := New(db, org, Options{})
			if err := f.CatchUp(context.Background()); err != nil {
				b.Fatal(err)
			}
			at, tip := head.FinishedAt, head.CommitSHA
			b.ResetTimer()
			for i := range b.N {
				at = at.Add(time.Second)
				var e plimsoll.Event
				switch kind {
				case "deployment":
					d := head
					d.ID, d.StartedAt, d.FinishedAt, d.Version = fmt.Sprint("live-", i), 0, at, fmt.Sprint("live-", i)
					e = event(b, plimsoll.TypeDeployment, d.ID, at, d)
				case "commit":
					c := plimsoll.ChangeReport{SHA: fmt.Sprint("live-", i), Repository: head.Repository, CommittedAt: at, Parents: []string{tip}}
					tip = c.SHA
					e = event(b, plimsoll.TypeChange, c.Key(), at, c)
				case "incident":
					r := plimsoll.IncidentReport{ID: fmt.Sprint("live-", i), Services: []string{head.Service}, StartedAt: at}
					e = event(b, plimsoll.TypeIncident, r.ID, at, r)
				}
				mustAppend(b, org, []plimsoll.Event{e})
				if err := f.CatchUp(context.Background()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What one event costs of somebody who reports no commits: the record of the
// service is 5,000 deployments long, and each names a commit nobody knows.
func BenchmarkLiveEventWithoutCommits(b *testing.B) {
	history := scale{1, 5000, 0}.service(b, "service-0")
	for i := range history {
		d := plimsoll.DeploymentReport{
			ID: fmt.Sprint("d-", i), Service: "service-0", Environment: "production", Version: fmt.Sprint("v", i), CommitSHA: fmt.Sprint("c", i),
			CommitAt: history[i].OccurredAt.Add(-time.Hour), FinishedAt: history[i].OccurredAt,
		}
		history[i] = event(b, plimsoll.TypeDeployment, d.ID, d.FinishedAt, d)
	}
	db := mustOpen(b, store.Options{})
	org := mustOrg(b, db, "default")
	mustAppend(b, org, history)
	f := New(db, org, Options{})
	if err := f.CatchUp(context.Background()); err != nil {
		b.Fatal(err)
	}
	at := plimsoll.TimeOf(received)
	b.ResetTimer()
	for i := range b.N {
		at = at.Add(time.Second)
		d := plimsoll.DeploymentReport{ID: fmt.Sprint("live-", i), Service: "service-0", Environment: "production", CommitSHA: fmt.Sprint("live", i), CommitAt: at, FinishedAt: at}
		mustAppend(b, org, []plimsoll.Event{event(b, plimsoll.TypeDeployment, d.ID, at, d)})
		if err := f.CatchUp(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
