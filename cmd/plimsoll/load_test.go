package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// loadTime is how long a load run takes. Without PLIMSOLL_LOAD there is none.
func loadTime(t *testing.T) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(os.Getenv("PLIMSOLL_LOAD"))
	if err != nil {
		t.Skip("PLIMSOLL_LOAD=10m runs this")
	}
	return d
}

func loadRate(fallback int) int {
	if n, err := strconv.Atoi(os.Getenv("PLIMSOLL_LOAD_RATE")); err == nil && n > 0 {
		return n
	}
	return fallback
}

// phase is a third of a load run.
type phase struct {
	name   string
	took   []time.Duration // from the first try of a delivery to its acknowledgement
	events int
	behind []int64 // events that the facts had still to take in
	memory []int   // MiB of each server, the most
	kills  int
	began  time.Time
	lasted time.Duration
}

// A steady rate of deliveries to three servers, of which one is killed every
// fifteen seconds in the second third.
func TestLoadWhileReplicasAreKilled(t *testing.T) {
	lasts := loadTime(t)
	const n = 20
	rate := loadRate(40)
	c := newCluster(t, 3)
	phases := []*phase{{name: "before"}, {name: "replicas killed"}, {name: "after"}}
	var mu sync.Mutex
	now := phases[0]
	senders, _, end := startSending(t, n, n*time.Second/time.Duration(rate), c.urls(), func(s *sender) {
		s.took = func(d time.Duration, events int) {
			mu.Lock()
			defer mu.Unlock()
			now.took = append(now.took, d)
			now.events += events
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	for i, p := range phases {
		mu.Lock()
		now = p
		mu.Unlock()
		p.began, p.memory = time.Now(), make([]int, len(c.replicas))
		next := p.began.Add(5 * time.Second)
		for time.Since(p.began) < lasts/3 {
			pause(ctx, 500*time.Millisecond)
			for i, r := range c.replicas {
				p.memory[i] = max(p.memory[i], resident(r.process().cmd.Process.Pid))
			}
			if at, head, ok := c.replicas[rand.N(len(c.replicas))].position(); ok {
				p.behind = append(p.behind, head-at)
			}
			if i == 1 && time.Now().After(next) {
				next = time.Now().Add(15 * time.Second)
				if r := c.free(); r != nil {
					p.kills++
					troubles[0].run(ctx, c, r, &wg)
				}
			}
		}
		p.lasted = time.Since(p.began)
	}
	wg.Wait()
	end()
	head := c.settle(time.Minute)
	oneAnswer(t, c.urls(), head)
	c.stop()
	c.holds(senders)
	load, _ := os.ReadFile("/proc/loadavg")
	var b strings.Builder
	fmt.Fprintf(&b, "%d deliveries a second asked for, %s, %d kills, %s, load of the machine %s\n", rate, lasts, phases[1].kills, c.took(), strings.TrimSpace(string(load)))
	fmt.Fprintln(&b, "| | events/s acknowledged | acknowledged after p50 | p99 | longest | facts behind p50 | most | memory of each server |\n|---|---|---|---|---|---|---|---|")
	for _, p := range phases {
		slices.Sort(p.took)
		slices.Sort(p.behind)
		fmt.Fprintf(&b, "| %s | %.0f | %v | %v | %v | %d | %d | %v MiB |\n", p.name, float64(p.events)/p.lasted.Seconds(),
			at(p.took, 0.5).Round(time.Millisecond), at(p.took, 0.99).Round(time.Millisecond), at(p.took, 1).Round(time.Millisecond), at(p.behind, 0.5), at(p.behind, 1), p.memory)
	}
	t.Logf("\n%s", b.String())
}

// at is a quantile of what is in order.
func at[T any](sorted []T, q float64) (v T) {
	if len(sorted) == 0 {
		return v
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

var rss = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

// resident is the memory of a process in MiB, 0 where nobody tells.
func resident(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	m := rss.FindSubmatch(text)
	if m == nil {
		return 0
	}
	kib, _ := strconv.Atoi(string(m[1]))
	return kib >> 10
}

// One server gets a steady rate of deliveries that nobody slows down, twice what
// it can take. What it cannot take it refuses, and its memory stays what it is.
func TestLoadTwiceWhatAServerTakes(t *testing.T) {
	lasts := loadTime(t)
	server := launch(t, t.TempDir())
	// First what it takes: as many senders as fit, each waiting for its answer.
	var taken, refused, lost, flying atomic.Int64
	var number atomic.Int64
	one := func(ctx context.Context) {
		i := number.Add(1)
		var b strings.Builder
		for k := range 10 {
			fmt.Fprintf(&b, `{"type":"deployment","id":"o-%d-%d","service":"s%d","environment":"production","finished_at":%q}`+"\n", i, k, i/100, time.Date(2024, 3, 1, 0, 0, int(i)%100_000, 0, time.UTC).Format(time.RFC3339))
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.url+"/api/v1/events", strings.NewReader(b.String()))
		if err != nil {
			t.Error(err)
			return
		}
		flying.Add(1)
		defer flying.Add(-1)
		resp, err := impatient.Do(req)
		if err != nil {
			lost.Add(1)
			return
		}
		resp.Body.Close()
		switch resp.StatusCode {
		case http.StatusOK:
			taken.Add(1)
		case http.StatusTooManyRequests, http.StatusServiceUnavailable:
			refused.Add(1)
		default:
			t.Errorf("status %d", resp.StatusCode)
		}
	}
	calibrate, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for calibrate.Err() == nil {
				one(t.Context())
			}
		})
	}
	wg.Wait()
	rate := 2 * int(taken.Load()) / 20
	t.Logf("%d deliveries of 10 events a second are taken; asking for %d", rate/2, rate)
	taken.Store(0)
	tick := time.NewTicker(time.Second / 100)
	defer tick.Stop()
	began, dropped := time.Now(), 0
	due := 0.0
	var memory []int
	for last := began; time.Since(began) < lasts; {
		<-tick.C
		due += time.Since(last).Seconds() * float64(rate)
		last = time.Now()
		for ; due >= 1; due-- {
			if flying.Load() >= 5000 { // so many connections at once this machine makes
				dropped++
				continue
			}
			wg.Go(func() { one(t.Context()) })
		}
		if n := int(time.Since(began) / (lasts / 10)); n > len(memory) {
			memory = append(memory, resident(server.cmd.Process.Pid))
		}
	}
	seconds := time.Since(began).Seconds()
	wg.Wait()
	t.Logf("%.0f s: %.0f a second taken, %.0f refused, %.0f without an answer, %.0f not sent; memory in tenths of the time %v MiB",
		seconds, float64(taken.Load())/seconds, float64(refused.Load())/seconds, float64(lost.Load())/seconds, float64(dropped)/seconds, memory)
	if err := server.end(syscall.SIGTERM); err != nil {
		t.Errorf("the end: %v: %s", err, tail(server.errs.String()))
	}
}
