package store

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store/storetest"
)

// benchBody is as long as a typical deployment event of our own form.
var benchBody = []byte(`{"id":"d-0123456789abcdef0123","service":"checkout","environment":"production","version":"v2.14.3",` +
	`"commit_sha":"9f8e7d6c5b4a39281706f5e4d3c2b1a098765432","repository":"github.com/example/checkout",` +
	`"commit_timestamp":"2026-03-24T08:01:02Z","started_at":"2026-03-24T10:11:12Z","finished_at":"2026-03-24T10:15:00Z",` +
	`"result":"success","strategy":"rolling","deployer":"p-0123456789abcdef0123","team":"payments",` +
	`"url":"https://ci.example.com/pipelines/123456","labels":{"region":"eu-1"}}`)

var benchNumber atomic.Int64

func benchEvents(n int) []plimsoll.Event {
	out := make([]plimsoll.Event, n)
	for i := range out {
		id := fmt.Sprintf("d-%020d", benchNumber.Add(1))
		out[i] = plimsoll.Event{
			Type: plimsoll.TypeDeployment, SchemaVersion: 1, Subject: id, Source: "api",
			OccurredAt: plimsoll.TimeOf(testTime), Decoder: "native/1",
			Body: []byte(strings.Replace(string(benchBody), "d-0123456789abcdef0123", id, 1)),
		}
		out[i].Hash = out[i].ContentHash()
	}
	return out
}

// onBoth runs a benchmark on each database. What PostgreSQL does is durable with
// PLIMSOLL_TEST_FSYNC=on only.
func onBoth(b *testing.B, run func(b *testing.B, o *Org)) {
	b.Run("sqlite", func(b *testing.B) { run(b, mustOrg(b, mustOpen(b, Options{}), "default")) })
	b.Run("postgres", func(b *testing.B) {
		run(b, mustOrg(b, mustOpen(b, Options{Database: storetest.Postgres(b)}), "default"))
	})
}

// BenchmarkAppendBatch is an import: deliveries of 1,000 events, one after the
// other, each durable before the next.
func BenchmarkAppendBatch(b *testing.B) { onBoth(b, appendBatch) }

func appendBatch(b *testing.B, o *Org) {
	b.ResetTimer()
	n := 0
	for b.Loop() {
		b.StopTimer()
		d := sampleDelivery(benchEvents(1000)...)
		b.StartTimer()
		mustAppend(b, o, d)
		n += 1000
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkAppendOne is live traffic: deliveries of one event from callers that
// do not know of each other.
func BenchmarkAppendOne(b *testing.B) {
	for _, callers := range []int{1, 64, 1024} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) { onBoth(b, func(b *testing.B, o *Org) { appendOne(b, o, callers) }) })
	}
}

func appendOne(b *testing.B, o *Org, callers int) {
	events := benchEvents(b.N)
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range callers {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
				if _, err := o.Append(context.Background(), sampleDelivery(events[i])); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
