package query_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// size is an organisation that is asked about in a benchmark: 1,000 deployments of
// each service in a year, five changes and one pull request with each.
type size struct {
	services, teams int
}

func (s size) String() string { return fmt.Sprintf("%dk", s.services) }

// sizes are those of PLIMSOLL_BENCH, thousands of deployments such as "10,100,1000"; 10 without it.
func sizes(b *testing.B) []size {
	out := []size{{10, 2}}
	if text := os.Getenv("PLIMSOLL_BENCH"); text != "" {
		out = nil
		for _, f := range filepath.SplitList(text) {
			n, err := strconv.Atoi(f)
			if err != nil || n < 1 {
				b.Fatalf("PLIMSOLL_BENCH %q: %q is no number of thousands of deployments", text, f)
			}
			out = append(out, size{n, max(n/20, 2)})
		}
	}
	return out
}

const (
	yearDeployments = 1000 // of a service
	yearChanges     = 5    // of a deployment
)

// bigYear opens a store with a year of an organisation. With PLIMSOLL_BENCH_DIR it is kept there for the
// next time: a million deployments take minutes to write. The facts are written as the fold writes them;
// nothing is derived.
func bigYear(b *testing.B, s size) (*store.DB, *store.Org, string) {
	b.Helper()
	dir := b.TempDir()
	if keep := os.Getenv("PLIMSOLL_BENCH_DIR"); keep != "" {
		dir = filepath.Join(keep, s.String())
	}
	db, err := store.Open(b.Context(), store.Options{Dir: dir, Now: func() time.Time { return benchNow }})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	org, err := db.Org(b.Context(), "default")
	if err != nil {
		b.Fatal(err)
	}
	have := map[string]bool{}
	err = org.View(b.Context(), func(tx *store.Tx) error {
		names, err := tx.FactServices()
		for _, n := range names {
			have[n] = true
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	for i := range s.services {
		if have[serviceName(i)] {
			continue
		}
		if err := org.Update(b.Context(), func(tx *store.Tx) error { return putYear(tx, i, s.teams) }); err != nil {
			b.Fatal(err)
		}
	}
	return db, org, dir
}

func serviceName(i int) string { return fmt.Sprintf("service-%04d", i) }
func teamName(i int) string    { return fmt.Sprintf("team-%03d", i) }

// putYear writes the year of one service: lead times from minutes to weeks, one deployment in seventeen
// failed, and ten changes in a thousand still waiting.
func putYear(tx *store.Tx, s, teams int) error {
	r := rand.New(rand.NewPCG(uint64(s), 3))
	service, team := serviceName(s), teamName(s%teams)
	const span = 364 * 24 * time.Hour
	start := plimsoll.TimeOf(benchNow.Add(-span))
	step := span / yearDeployments
	var out store.Timeline
	var failures []plimsoll.Failure
	second := func(t plimsoll.Time) plimsoll.Time { return t - t%1e6 }
	for d := range yearDeployments {
		end := second(start.Add(time.Duration(d)*step + time.Duration(r.Int64N(int64(step)))))
		x := yearDeployment(service, team, d, end)
		var way plimsoll.Stamps // of two pull requests, one after the other
		for c := range yearChanges {
			at := second(end.Add(-time.Duration(r.ExpFloat64() * float64(30*time.Hour))))
			x.OldestAt = plimsoll.First(x.OldestAt, at)
			l := plimsoll.Delivery{
				Service: service, Basis: plimsoll.BasisChange, Repository: x.Repository, Key: fmt.Sprintf("%032x%04x%04x", s, d, c),
				StartAt: at, CommittedAt: at, DeliveredAt: end, ExposedAt: end, Deployment: x.ID, Team: team,
			}
			if c%3 == 0 {
				way = yearWay(r, at, x)
			}
			l.Stamps = way
			if r.IntN(100) == 0 && d > yearDeployments*9/10 {
				l.DeliveredAt, l.ExposedAt, l.Deployment = 0, 0, ""
			}
			out.Leads = append(out.Leads, l)
			if c == 0 {
				l.Basis, l.Key = plimsoll.BasisPullRequest, fmt.Sprint(d)
				out.Leads = append(out.Leads, l)
			}
		}
		if r.IntN(17) == 0 {
			out.Evidence = append(out.Evidence, plimsoll.Evidence{ID: "e-" + x.ID, Deployment: x.ID, Service: service, Kind: plimsoll.EvidenceRollout, At: end, Accepted: true, Confidence: 1})
			f := plimsoll.Failure{ID: x.ID, Service: service, Team: team, Deployments: []string{x.ID}, FailedAt: end, Severity: []string{"", "minor", "major"}[r.IntN(3)]}
			f.RestoredAt = second(end.Add(time.Duration(r.ExpFloat64() * float64(2*time.Hour))))
			failures = append(failures, f)
		}
		out.Deployments = append(out.Deployments, x)
	}
	if _, err := tx.PutDeployment(plimsoll.Reported{DeploymentReport: out.Deployments[0].DeploymentReport}); err != nil {
		return err // it makes the name of the service known
	}
	if _, _, err := tx.PutTimeline(service, out.Deployments, out.Leads, out.Evidence, 1); err != nil {
		return err
	}
	return tx.PutOutcome(service, nil, failures, 1)
}

// yearWay is the way of a pull request whose first commit was made at some time: a review in most cases, a
// build always, a stage before production in half of them.
func yearWay(r *rand.Rand, at plimsoll.Time, d plimsoll.Deployment) plimsoll.Stamps {
	left := func(from plimsoll.Time) plimsoll.Time {
		return from + plimsoll.Time(r.Float64()*r.Float64()*float64(d.StartedAt-from))/1e6*1e6
	}
	s := plimsoll.Stamps{FirstCommitAt: at, OpenedAt: left(at), DeployStartedAt: d.StartedAt}
	s.MergedAt = left(s.OpenedAt)
	if r.IntN(5) > 0 {
		s.FirstReviewAt = s.OpenedAt + (s.MergedAt-s.OpenedAt)/2e6*1e6
		s.ApprovedAt = s.MergedAt
	}
	s.BuiltAt = left(s.MergedAt)
	if r.IntN(2) == 0 {
		s.StagedAt = left(s.BuiltAt)
		s.ReadyAt = left(s.StagedAt)
	}
	return s
}

func yearDeployment(service, team string, d int, end plimsoll.Time) plimsoll.Deployment {
	return plimsoll.Deployment{
		DeploymentReport: plimsoll.DeploymentReport{
			ID: fmt.Sprintf("%s-%04d-0123456789abcdef", service, d), Service: service, Environment: "production", Team: team,
			Version: fmt.Sprintf("v1.%d.0", d), CommitSHA: fmt.Sprintf("%040x", d*7919), Repository: "git.example/acme/" + service,
			StartedAt: end.Add(-5 * time.Minute), FinishedAt: end, Result: plimsoll.ResultSuccess, Kind: plimsoll.KindChange,
		},
		Sources: []string{"api"}, Production: true, Counted: true, Judged: true, Coverage: plimsoll.CoverageGraph,
	}
}

// late writes an event that comes in late: one more deployment of a service some days ago, with a change.
func late(ctx context.Context, org *store.Org, r *rand.Rand, s size, seq int64) error {
	i := r.IntN(s.services)
	service, team := serviceName(i), teamName(i%s.teams)
	end := plimsoll.TimeOf(benchNow) - plimsoll.Time(r.Int64N(30*86400))*1e6
	x := yearDeployment(service, team, int(1e6+seq), end)
	l := plimsoll.Delivery{
		Service: service, Basis: plimsoll.BasisChange, Repository: x.Repository, Key: fmt.Sprintf("late-%d", seq),
		StartAt: end.Add(-5 * time.Hour), CommittedAt: end.Add(-5 * time.Hour), DeliveredAt: end, ExposedAt: end, Deployment: x.ID, Team: team,
	}
	after := store.Timeline{Deployments: []plimsoll.Deployment{x}, Leads: []plimsoll.Delivery{l}}
	return org.Update(ctx, func(tx *store.Tx) error {
		_, _, err := tx.PatchTimeline(service, store.Timeline{}, after, seq)
		return err
	})
}
