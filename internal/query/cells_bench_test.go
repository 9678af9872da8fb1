package query_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/cells"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/query"
)

// BenchmarkCells asks of a year, at the sizes of PLIMSOLL_BENCH.
func BenchmarkCells(b *testing.B) {
	for _, s := range sizes(b) {
		b.Run(s.String(), func(b *testing.B) { benchCells(b, s) })
	}
}

func benchCells(b *testing.B, s size) {
	db, org, _ := bigYear(b, s)
	ctx := context.Background()
	c := cells.New(db, org, cells.Options{})
	began := time.Now()
	if err := c.CatchUp(ctx); err != nil {
		b.Fatal(err)
	}
	b.Logf("%s: built in %s, %.1f MB", s, time.Since(began).Round(time.Millisecond), float64(c.Bytes())/1e6)
	desk := query.New(db, org, query.Options{Cursor: "facts", Now: func() time.Time { return benchNow }, Cells: c})
	r := rand.New(rand.NewPCG(1, 1))
	seq := int64(10)
	now := plimsoll.TimeOf(benchNow)
	year := func() plimsoll.Window { return plimsoll.Window{From: now - 365*86400e6, To: now} }
	random := func() plimsoll.Window {
		w := plimsoll.Window{From: now - plimsoll.Time(r.Int64N(365*86400e6)), To: now - plimsoll.Time(r.Int64N(365*86400e6))}
		return plimsoll.Window{From: min(w.From, w.To), To: max(w.From, w.To) + 86400e6}
	}
	orgScope := func() plimsoll.Scope { return plimsoll.Scope{Kind: plimsoll.ScopeOrg} }
	team := func() plimsoll.Scope {
		return plimsoll.Scope{Kind: plimsoll.ScopeTeam, Name: teamName(r.IntN(s.teams))}
	}
	service := func() plimsoll.Scope {
		return plimsoll.Scope{Kind: plimsoll.ScopeService, Name: serviceName(r.IntN(s.services))}
	}
	ask := func(name string, scope func() plimsoll.Scope, window func() plimsoll.Window, before func() error) {
		b.Run("measures/"+name, func(b *testing.B) {
			timed(b, func() (time.Duration, error) {
				if err := before(); err != nil {
					return 0, err
				}
				q := query.Question{Scope: scope(), Window: window()}
				began := time.Now()
				m, err := desk.Measures(ctx, q)
				if err == nil && m.DataQuality.Deployments == 0 && name == "org-year" {
					err = fmt.Errorf("nothing was measured")
				}
				return time.Since(began), err
			})
		})
	}
	nothing := func() error { return nil }
	event := func() error { seq++; return late(ctx, org, r, s, seq) }
	ask("org-year", orgScope, year, nothing)
	ask("org-random", orgScope, random, nothing)
	ask("org-year-late", orgScope, year, event)
	ask("team-year", team, year, nothing)
	ask("team-random", team, random, nothing)
	ask("service-year", service, year, nothing)
	ask("service-year-late", service, year, event)
	for _, m := range []metric.Measure{metric.DeploymentFrequency, metric.LeadTime, metric.ChangeFailureRate, metric.TimeToRestore} {
		for _, unit := range []metric.Unit{metric.Day, metric.Week} {
			b.Run(fmt.Sprintf("series/%s-%s", m, unit), func(b *testing.B) {
				timed(b, func() (time.Duration, error) {
					began := time.Now()
					_, err := desk.Series(ctx, query.Question{Scope: orgScope(), Window: year()}, m, unit)
					return time.Since(began), err
				})
			})
		}
	}
	b.Run("deployments-list", func(b *testing.B) {
		timed(b, func() (time.Duration, error) {
			began := time.Now()
			_, err := desk.Deployments(ctx, query.Question{Scope: team(), Window: random()}, query.PageAsk{})
			return time.Since(began), err
		})
	})
}
