package main

import (
	"context"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/fold"
	"github.com/plimsoll-dev/plimsoll/internal/store"
	"github.com/plimsoll-dev/plimsoll/internal/store/storetest"
)

// troubleRounds is how often something happens to a cluster.
func troubleRounds() int {
	if n, err := strconv.Atoi(os.Getenv("PLIMSOLL_CRASH_ROUNDS")); err == nil && n > 0 {
		return n
	}
	return 24
}

func TestNothingIsLostOrDoubledWhateverHappensToReplicas(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3)
	senders, acked, end := startSending(t, 4, 100*time.Millisecond, c.urls(), nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	happened := map[string]int{}
	for round := range troubleRounds() {
		r := c.free()
		for r == nil {
			pause(ctx, 20*time.Millisecond)
			r = c.free()
		}
		for range 1 + rand.N(30) {
			select {
			case <-acked:
			case <-time.After(time.Minute):
				t.Fatalf("nothing is acknowledged any more: %s", tail(r.process().errs.String()))
			}
		}
		x := troubles[round%len(troubles)]
		happened[x.name]++
		x.run(ctx, c, r, &wg)
	}
	wg.Wait()
	end()
	head := c.settle(2 * time.Minute)
	oneAnswer(t, c.urls(), head)
	c.stop()
	c.holds(senders)
	t.Logf("%v; %d events; %s", happened, head, c.took())
}

func (c *cluster) urls() (out []string) {
	for _, r := range c.replicas {
		out = append(out, r.url)
	}
	return out
}

// holds checks what the servers have left behind: all that was acknowledged,
// nothing else and nothing twice, and the facts that one process alone makes of
// the same log.
func (c *cluster) holds(senders []*sender) {
	c.t.Helper()
	storetest.Whole(c.t, c.database.Address())
	there := map[string]int{}
	var records []plimsoll.Record
	err := c.org.View(context.Background(), func(tx *store.Tx) (err error) {
		records, err = tx.Events(0, 1<<30)
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	for _, r := range records {
		if r.Type == plimsoll.TypeDeployment {
			there[r.Subject]++
		}
	}
	acked, sent := 0, 0
	for _, s := range senders {
		for service, ids := range s.sent {
			sent += len(ids)
			acked += len(s.acked[service])
			for _, id := range s.acked[service] {
				if there[id] != 1 {
					c.t.Errorf("%s was acknowledged and is there %d times", id, there[id])
				}
			}
			for _, id := range ids {
				if there[id] > 1 {
					c.t.Errorf("%s is there %d times", id, there[id])
				}
				delete(there, id)
			}
		}
	}
	for id := range there {
		c.t.Errorf("%s was never sent", id)
	}
	if acked == 0 {
		c.t.Error("nothing was acknowledged")
	}
	want, got := foldedAlone(c.t, records), facts(c.t, c.org)
	if !slices.Equal(want, got) {
		c.t.Errorf("one process makes %d facts of the log, the replicas made %d:\n%s", len(want), len(got), firstDifference(want, got))
	}
	c.t.Logf("%d deployments sent, %d acknowledged, %d facts", sent, acked, len(got))
}

// foldedAlone folds a log from nothing in one process, on the embedded store.
func foldedAlone(t *testing.T, records []plimsoll.Record) []string {
	t.Helper()
	ctx, now := context.Background(), time.Time{}
	db, err := store.Open(ctx, store.Options{Dir: t.TempDir(), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	org, err := db.Org(ctx, "default")
	if err != nil {
		t.Fatal(err)
	}
	for len(records) > 0 {
		// All that was received at once.
		n := 1
		for n < len(records) && records[n].RecordedAt == records[0].RecordedAt {
			n++
		}
		now = records[0].RecordedAt.Std()
		d := store.Delivery{Source: "test", Outcome: "decoded"}
		for _, r := range records[:n] {
			d.Events = append(d.Events, r.Event)
		}
		if _, err := org.Append(ctx, d); err != nil {
			t.Fatal(err)
		}
		records = records[n:]
	}
	if err := fold.New(db, org, fold.Options{}).CatchUp(ctx); err != nil {
		t.Fatal(err)
	}
	return facts(t, org)
}

// facts are in the order of text, which two databases may see differently.
func facts(t *testing.T, org *store.Org) (lines []string) {
	t.Helper()
	err := org.View(context.Background(), func(tx *store.Tx) error {
		return tx.Facts(func(line string) { lines = append(lines, line) })
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return lines
}

func firstDifference(want, got []string) string {
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			return want[i] + "\n" + got[i]
		}
	}
	return "one ends before the other"
}

// A server whose database is away answers at once that it cannot, never with a
// number, and ends when it is told to.
func TestAServerWhoseDatabaseIsAwaySaysSo(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	r := c.replicas[0]
	s := &sender{t: t, name: "w", urls: c.urls(), size: func(int) int { return 1 }}
	_, body := s.delivery(0)
	if _, ok := s.post(t.Context(), r.url, "first", body); !ok {
		t.Fatal("nothing is taken")
	}
	paths := []string{"/readyz", "/api/v1/measures?from=2024-02-01&to=2026-09-01", "/api/v1/deployments", "/"}
	refuses := func() {
		t.Helper()
		for _, path := range paths {
			if status, body := get(t.Context(), t, r.url+path, nil); status != http.StatusServiceUnavailable {
				t.Errorf("%s answers %d %.200s", path, status, body)
			}
		}
		if _, ok := s.post(t.Context(), r.url, "second", strings.ReplaceAll(body, "w-0-0", "w-1-0")); ok {
			t.Error("something was acknowledged")
		}
	}
	c.database.Down(t)
	refuses()
	refuses()
	c.database.Up(t)
	c.settle(time.Minute)
	s.sent, s.acked = map[string][]string{"w-0": {"w-0-0", "w-1-0"}}, map[string][]string{"w-0": {"w-0-0"}}
	s.check(t.Context(), "w-0", 1)

	r.proxy.Stall()
	// What it last saw holds for a second, and a check may be under way.
	for late := time.Now().Add(time.Minute); ; {
		status, body := get(t.Context(), t, r.url+"/readyz", nil)
		if status == http.StatusServiceUnavailable {
			break
		}
		if time.Now().After(late) {
			t.Fatalf("cut off, /readyz answers %d %s", status, body)
		}
	}
	_ = r.process().cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-r.process().done:
	case <-time.After(time.Minute):
		t.Errorf("the server does not end: %s", tail(r.process().errs.String()))
	}
}
