package metric

import (
	"testing"
	"time"
)

// BenchmarkYear asks for everything about a year of 100,000 deployments of 200 services, 500,000
// changes, 100,000 pull requests and 5,000 failures, whose facts come in no order.
func BenchmarkYear(b *testing.B) {
	y := simulate(7, 100_000, 500_000, 5_000, 200)
	p := period("2025-01-01", "2026-01-01", "2026-01-01", b, time.UTC)
	set := seedBands(b)
	b.ReportAllocs()
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			y.ask(p, set)
		}
	})
	b.Run("frequency", func(b *testing.B) {
		for b.Loop() {
			FrequencyOf(y.deployments, y.record, p, set)
		}
	})
	b.Run("lead", func(b *testing.B) {
		for b.Loop() {
			LeadTimesOf(LeadFacts{Changes: y.changes}, p, set)
		}
	})
	b.Run("failure", func(b *testing.B) {
		for b.Loop() {
			FailureRateOf(y.deployments, p, time.Hour, set)
		}
	})
	for _, m := range []Measure{DeploymentFrequency, LeadTime, ChangeFailureRate} {
		b.Run("series/"+string(m), func(b *testing.B) {
			for b.Loop() {
				Series(m, y.series(), p, Day)
			}
		})
	}
}

func BenchmarkIntervals(b *testing.B) {
	b.Run("Poisson of 100", func(b *testing.B) {
		for b.Loop() {
			Poisson(100)
		}
	})
	b.Run("Poisson of 100,000", func(b *testing.B) {
		for b.Loop() {
			Poisson(100_000)
		}
	})
	b.Run("ranks of 500,000", func(b *testing.B) {
		for b.Loop() {
			QuantileRanks(500_000, 0.5)
		}
	})
}
