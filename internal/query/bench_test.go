package query_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/ingest"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/query"
	"github.com/plimsoll-dev/plimsoll/internal/store"
	"github.com/plimsoll-dev/plimsoll/internal/web"
)

// The size of the year that is asked about.
const (
	benchServices    = 200
	benchTeams       = 20
	benchDeployments = 500  // of a service
	benchChanges     = 2500 // of a service
)

var benchNow = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// year is a store with 100,000 deployments and 500,000 changes of one year. The
// facts are written as the fold writes them; nothing is derived.
func year(b *testing.B) (*query.Desk, http.Handler) {
	b.Helper()
	clock := func() time.Time { return benchNow }
	db, err := store.Open(b.Context(), store.Options{Dir: b.TempDir(), Now: clock})
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
	r := rand.New(rand.NewPCG(1, 2))
	for s := range benchServices {
		if err := org.Update(b.Context(), func(tx *store.Tx) error { return putService(tx, r, s) }); err != nil {
			b.Fatal(err)
		}
	}
	door, err := ingest.New(b.Context(), db, org, clock)
	if err != nil {
		b.Fatal(err)
	}
	desk := query.New(db, org, query.Options{Cursor: "facts", Now: clock})
	return desk, web.New(web.Options{Local: true, Desk: desk, Door: door})
}

func putService(tx *store.Tx, r *rand.Rand, s int) error {
	service, team := fmt.Sprintf("service-%03d", s), fmt.Sprintf("team-%02d", s%benchTeams)
	const span = 364 * 24 * time.Hour
	start := plimsoll.TimeOf(benchNow.Add(-span))
	step := span / benchDeployments
	var deployments []plimsoll.Deployment
	var leads []plimsoll.Delivery
	var evidence []plimsoll.Evidence
	var failures []plimsoll.Failure
	for d := range benchDeployments {
		end := start.Add(time.Duration(d)*step + time.Duration(r.Int64N(int64(step))))
		x := plimsoll.Deployment{
			DeploymentReport: plimsoll.DeploymentReport{
				ID: fmt.Sprintf("d-%03d-%04d-0123456789abcdef", s, d), Service: service, Environment: "production", Team: team,
				Version: fmt.Sprintf("v1.%d.0", d), CommitSHA: fmt.Sprintf("%040x", r.Uint64()), Repository: "git.example/acme/" + service,
				StartedAt: end.Add(-5 * time.Minute), FinishedAt: end, Result: plimsoll.ResultSuccess, Kind: plimsoll.KindChange,
			},
			Sources: []string{"api"}, Production: true, Counted: true, Judged: true, Coverage: plimsoll.CoverageGraph,
		}
		for c := range benchChanges / benchDeployments {
			at := end.Add(-time.Duration(r.ExpFloat64() * float64(30*time.Hour)))
			x.OldestAt = plimsoll.First(x.OldestAt, at)
			l := plimsoll.Delivery{
				Service: service, Basis: plimsoll.BasisChange, Repository: x.Repository, Key: fmt.Sprintf("%032x%04x%04x", s, d, c),
				StartAt: at, CommittedAt: at, DeliveredAt: end, ExposedAt: end, Deployment: x.ID, Team: team,
			}
			leads = append(leads, l)
			if c == 0 {
				l.Basis, l.Key = plimsoll.BasisPullRequest, fmt.Sprint(d)
				leads = append(leads, l)
			}
		}
		if r.IntN(12) == 0 {
			evidence = append(evidence, plimsoll.Evidence{ID: "e-" + x.ID, Deployment: x.ID, Service: service, Kind: plimsoll.EvidenceRollout, At: end, Accepted: true, Confidence: 1})
			failures = append(failures, plimsoll.Failure{ID: x.ID, Service: service, Team: team, Deployments: []string{x.ID}, FailedAt: end, RestoredAt: end.Add(time.Hour)})
		}
		deployments = append(deployments, x)
	}
	if _, err := tx.PutDeployment(plimsoll.Reported{DeploymentReport: deployments[0].DeploymentReport}); err != nil {
		return err // it makes the name of the service known
	}
	if _, _, err := tx.PutTimeline(service, deployments, leads, evidence, 1); err != nil {
		return err
	}
	return tx.PutOutcome(service, nil, failures, 1)
}

// whole makes a question of timed out of one that is all of it.
func whole(ask func() error) func() (time.Duration, error) {
	return func() (time.Duration, error) {
		began := time.Now()
		err := ask()
		return time.Since(began), err
	}
}

// timed runs ask over and over and reports the median and the slow end of what it says it took.
func timed(b *testing.B, ask func() (time.Duration, error)) {
	if _, err := ask(); err != nil { // once to warm up
		b.Fatal(err)
	}
	var took []time.Duration
	for b.Loop() {
		t, err := ask()
		if err != nil {
			b.Fatal(err)
		}
		took = append(took, t)
	}
	slices.Sort(took)
	for name, p := range map[string]float64{"p50-ms": 0.5, "p99-ms": 0.99} {
		b.ReportMetric(float64(took[int(p*float64(len(took)-1))].Microseconds())/1000, name)
	}
}

// BenchmarkYear asks what people ask of a year of 200 services.
func BenchmarkYear(b *testing.B) {
	desk, site := year(b)
	ctx := context.Background()
	window := plimsoll.Window{From: plimsoll.TimeOf(benchNow.Add(-365 * 24 * time.Hour)), To: plimsoll.TimeOf(benchNow)}
	month := plimsoll.Window{From: plimsoll.TimeOf(benchNow.Add(-30 * 24 * time.Hour)), To: window.To}
	of := func(scope string, w plimsoll.Window) query.Question {
		s, err := plimsoll.ParseScope(scope)
		if err != nil {
			b.Fatal(err)
		}
		return query.Question{Scope: s, Window: w}
	}
	for _, c := range []struct {
		name string
		q    query.Question
	}{
		{"measures/org-365d", of("org", window)}, {"measures/org-30d", of("org", month)}, {"measures/team-365d", of("team:team-03", window)},
		{"measures/service-365d", of("service:service-100", window)},
	} {
		b.Run(c.name, func(b *testing.B) {
			timed(b, whole(func() error {
				m, err := desk.Measures(ctx, c.q)
				if err == nil && m.DeploymentFrequency.Deployments == 0 {
					err = fmt.Errorf("nothing was measured")
				}
				return err
			}))
		})
	}
	b.Run("series/org-365d-week", func(b *testing.B) {
		timed(b, whole(func() error {
			_, err := desk.Series(ctx, of("org", window), metric.LeadTime, metric.Week)
			return err
		}))
	})
	// A page of an explanation, and a later one, which has no number to compute.
	for _, x := range metric.Explanations {
		ask := query.ExplainAsk{Measure: x.Measure, Basis: x.Basis}
		b.Run("explain/org-365d/"+string(x.Measure)+"/"+x.Basis, func(b *testing.B) {
			timed(b, whole(func() error {
				_, err := desk.Explain(ctx, of("org", window), ask)
				return err
			}))
		})
		first, err := desk.Explain(ctx, of("org", window), ask)
		if err != nil {
			b.Fatal(err)
		}
		if ask.Page.Cursor = first.NextCursor; ask.Page.Cursor == "" {
			continue
		}
		b.Run("explain/org-365d/"+string(x.Measure)+"/"+x.Basis+"/next", func(b *testing.B) {
			timed(b, whole(func() error {
				_, err := desk.Explain(ctx, of("org", window), ask)
				return err
			}))
		})
	}
	for _, path := range []string{"/api/v1/measures?from=now-365d", "/api/v1/deployments?limit=50", "/?window=90d", "/?window=365d", "/services/service-100"} {
		b.Run("http"+path, func(b *testing.B) {
			timed(b, whole(func() error {
				w := httptest.NewRecorder()
				site.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1"+path, nil))
				if w.Code != http.StatusOK {
					return fmt.Errorf("status %d: %s", w.Code, w.Body)
				}
				return nil
			}))
		})
	}
}
