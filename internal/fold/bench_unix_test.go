//go:build unix

package fold

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
	"github.com/plimsoll-dev/plimsoll/internal/store/storetest"
)

// What a whole log costs to fold: apply and derive, from nothing. The time of
// this process's processors says more than that of the clock where other
// programs run beside it.
func BenchmarkFold(b *testing.B) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		for _, s := range []scale{{1, 1000, 20}, {10, 1000, 5}, {100, 1000, 5}} {
			b.Run(fmt.Sprintf("%s/%d services of %d deployments with %d commits", engine, s.services, s.deployments, s.commits), func(b *testing.B) {
				opt := store.Options{}
				if engine == "PostgreSQL" {
					opt.Database = storetest.Postgres(b)
				}
				benchmarkFold(b, s.events(b), opt)
			})
		}
	}
}

// The same where the log tells of all services at once, as it does of an
// organisation that works.
func BenchmarkFoldInOrderOfTime(b *testing.B) {
	events := scale{50, 1000, 5}.events(b)
	slices.SortStableFunc(events, func(x, y plimsoll.Event) int { return cmp.Compare(x.OccurredAt, y.OccurredAt) })
	benchmarkFold(b, events, store.Options{})
}

func benchmarkFold(b *testing.B, events []plimsoll.Event, opt store.Options) {
	db := mustOpen(b, opt)
	org := mustOrg(b, db, "default")
	n := len(events)
	mustAppend(b, org, events)
	events = nil
	f := New(db, org, Options{})
	runtime.GC()
	b.ResetTimer()
	began := processorTime(b)
	for range b.N {
		if err := f.Refold(context.Background(), Steps{Every: "none"}); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(n*b.N)/(processorTime(b)-began).Seconds(), "events/cpu-s")
}

// processorTime is what this process has used of the processors.
func processorTime(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
