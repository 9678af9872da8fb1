package query_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
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
	db, org, dir := bigYear(b, s)
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
	b.Run("rows/org-year", func(b *testing.B) {
		timed(b, func() (time.Duration, error) {
			// A new desk remembers nothing.
			fresh := query.New(db, org, query.Options{Cursor: "facts", Now: func() time.Time { return benchNow }})
			began := time.Now()
			_, err := fresh.Measures(ctx, query.Question{Scope: orgScope(), Window: year()})
			return time.Since(began), err
		})
	})
	b.Run("sql/org-year", func(b *testing.B) { benchSQL(b, dir, year()) })
	b.Run("deployments-list", func(b *testing.B) {
		timed(b, func() (time.Duration, error) {
			began := time.Now()
			_, err := desk.Deployments(ctx, query.Question{Scope: team(), Window: random()}, query.PageAsk{})
			return time.Since(began), err
		})
	})
}

// benchSQL asks the same of the same rows in the way that one would by hand: counts and percentiles by
// ORDER BY and OFFSET, four of the measures, nothing else.
func benchSQL(b *testing.B, dir string, w plimsoll.Window) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "plimsoll.db")+"?mode=ro")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	one := func(query string, args ...any) (n float64) {
		if err := db.QueryRowContext(b.Context(), query, args...).Scan(&n); err != nil {
			b.Fatal(err)
		}
		return n
	}
	const now = " AND to_seq = 9223372036854775807 "
	timed(b, func() (time.Duration, error) {
		began := time.Now()
		in := []any{int64(w.From), int64(w.To)}
		one("SELECT count(*) FROM deployments WHERE org = 1"+now+"AND production = 1 AND counted = 1 AND ended_at >= ? AND ended_at < ?", in...)
		one(`SELECT count(DISTINCT e.deployment) FROM evidence e JOIN deployments d ON d.org = e.org AND d.id = e.deployment AND d.to_seq = e.to_seq
			WHERE e.org = 1 AND e.to_seq = 9223372036854775807 AND e.accepted = 1 AND d.judged = 1 AND d.ended_at >= ? AND d.ended_at < ?`, in...)
		for _, from := range []string{
			" FROM lead_times WHERE org = 1 AND basis = 'change'" + now + "AND delivered_at >= ? AND delivered_at < ?",
			" FROM lead_times WHERE org = 1 AND basis = 'pull_request'" + now + "AND delivered_at >= ? AND delivered_at < ?",
		} {
			n := one("SELECT count(*)"+from, in...)
			for _, p := range []float64{0.5, 0.75, 0.9, 0.95} {
				one("SELECT delivered_at - start_at AS span"+from+" ORDER BY span LIMIT 1 OFFSET ?", append(in, int64(p*(n-1)))...)
			}
		}
		const failed = " FROM failures WHERE org = 1" + now + "AND restored_at > 0 AND failed_at >= ? AND failed_at < ?"
		n := one("SELECT count(*)"+failed, in...)
		one("SELECT restored_at - failed_at AS span"+failed+" ORDER BY span LIMIT 1 OFFSET ?", append(in, int64(0.5*(n-1)))...)
		return time.Since(began), nil
	})
}
