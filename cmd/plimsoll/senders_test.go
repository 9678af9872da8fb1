package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// impatient gives up on a server that does not answer, as senders do.
var impatient = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// get asks a question. Status 0 is no answer.
func get(ctx context.Context, t *testing.T, url string, out any) (status int, body []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Error(err)
		return 0, nil
	}
	resp, err := impatient.Do(req)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	if body, err = io.ReadAll(resp.Body); err != nil {
		return 0, nil
	}
	if resp.StatusCode == http.StatusOK && out != nil {
		if err := json.Unmarshal(body, out); err != nil {
			t.Errorf("%s answers %q: %v", url, body, err)
		}
	}
	if resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") == "" {
		t.Errorf("%s does not say when to try again: %s", url, body)
	}
	return resp.StatusCode, body
}

// sender hands in deployments of services of its own, and knows what was
// acknowledged.
type sender struct {
	t      *testing.T
	name   string
	urls   []string
	size   func(n int) int // deployments of the n-th delivery
	sent   map[string][]string
	acked  map[string][]string                   // ids by service
	bodies []string                              // acknowledged, or perhaps stored
	took   func(after time.Duration, events int) // nil for nobody
}

const perService = 50 // deliveries

func (s *sender) service(n int) string { return fmt.Sprintf("%s-%d", s.name, n/perService) }

func (s *sender) delivery(n int) (ids []string, body string) {
	var b strings.Builder
	service := s.service(n)
	for i := range s.size(n) {
		id := fmt.Sprintf("%s-%d-%d", s.name, n, i)
		ids = append(ids, id)
		at := time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(n*7+i) * time.Minute)
		fmt.Fprintf(&b, `{"type":"deployment","id":%q,"service":%q,"environment":"production","version":%q,"commit_sha":"c-%s","repository":"r-%s","commit_timestamp":%q,"finished_at":%q}`+"\n",
			id, service, id, id, service, at.Add(-time.Hour).Format(time.RFC3339), at.Format(time.RFC3339))
		if n%9 == 0 && i == 0 {
			fmt.Fprintf(&b, `{"type":"incident","id":"INC-%s","services":[%q],"caused_by":%q,"started_at":%q}`+"\n", id, service, id, at.Add(time.Minute).Format(time.RFC3339))
		}
	}
	return ids, b.String()
}

// run sends a delivery at each tick, until ctx ends. One without an answer, or
// with an answer that says so, is sent again to another server, always under the
// same name.
func (s *sender) run(ctx context.Context, every time.Duration, acked chan<- struct{}) {
	s.sent, s.acked = map[string][]string{}, map[string][]string{}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		ids, body := s.delivery(n)
		service := s.service(n)
		s.sent[service] = append(s.sent[service], ids...)
		s.bodies = append(s.bodies, body)
		begun := time.Now()
		url := s.urls[rand.N(len(s.urls))]
		position, ok := s.post(ctx, url, fmt.Sprintf("%s-%d", s.name, n), body)
		for !ok {
			if ctx.Err() != nil {
				return
			}
			pause(ctx, 50*time.Millisecond)
			url = s.urls[rand.N(len(s.urls))]
			position, ok = s.post(ctx, url, fmt.Sprintf("%s-%d", s.name, n), body)
		}
		s.acked[service] = append(s.acked[service], ids...)
		if s.took != nil {
			s.took(time.Since(begun), strings.Count(body, "\n"))
		}
		select {
		case acked <- struct{}{}:
		default:
		}
		if n%5 == 0 {
			s.check(ctx, service, position)
		}
	}
}

func (s *sender) post(ctx context.Context, url, name, body string) (position int64, ok bool) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/api/v1/events", strings.NewReader(body))
	if err != nil {
		s.t.Error(err)
		return 0, false
	}
	req.Header.Set("Idempotency-Key", name)
	resp, err := impatient.Do(req)
	if err != nil {
		return 0, false
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	switch {
	case resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") == "":
		s.t.Errorf("%s does not say when to try again: %s", url, answer)
	case resp.StatusCode == http.StatusOK && err == nil:
		var r struct{ Accepted, Duplicates, Position int64 }
		if err := json.Unmarshal(answer, &r); err != nil || r.Accepted+r.Duplicates != int64(strings.Count(body, "\n")) || r.Accepted > 0 && r.Duplicates > 0 {
			s.t.Errorf("%s answers %s to %d events, %v", url, answer, strings.Count(body, "\n"), err)
		}
		return r.Position, true
	case resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusServiceUnavailable && resp.StatusCode != http.StatusTooManyRequests:
		s.t.Errorf("%s answers %d %s", url, resp.StatusCode, answer)
	}
	return 0, false
}

// check asks any server for what includes one's own write. It may not know; it
// must not say anything else than what was written.
func (s *sender) check(ctx context.Context, service string, position int64) {
	var m struct {
		DeploymentFrequency struct{ Deployments int } `json:"deployment_frequency"`
	}
	url := fmt.Sprintf("%s/api/v1/measures?scope=service:%s&from=2024-02-01&to=2026-09-01&min_seq=%d", s.urls[rand.N(len(s.urls))], service, position)
	status, body := get(ctx, s.t, url, &m)
	switch least, most := len(s.acked[service]), len(s.sent[service]); {
	case status == http.StatusOK && (m.DeploymentFrequency.Deployments < least || m.DeploymentFrequency.Deployments > most):
		s.t.Errorf("%s counts %d deployments; %d were acknowledged, %d sent", url, m.DeploymentFrequency.Deployments, least, most)
	case status != 0 && status != http.StatusOK && status != http.StatusServiceUnavailable:
		s.t.Errorf("%s answers %d %s", url, status, body)
	}
}

// startSending runs senders until the returned function is called.
func startSending(t *testing.T, n int, every time.Duration, urls []string, set func(*sender)) (senders []*sender, acked chan struct{}, end func()) {
	ctx, cancel := context.WithCancel(t.Context())
	acked = make(chan struct{}, 1)
	var wg sync.WaitGroup
	for i := range n {
		s := &sender{t: t, name: fmt.Sprintf("w%d", i), urls: urls, size: func(n int) int { return 1 + max(0, n%5-2)*3 }}
		if set != nil {
			set(s)
		}
		senders = append(senders, s)
		wg.Go(func() { s.run(ctx, every, acked) })
	}
	t.Cleanup(cancel)
	return senders, acked, func() {
		cancel()
		wg.Wait()
	}
}

// oneAnswer wants the same numbers from every server.
func oneAnswer(t *testing.T, urls []string, head int64) {
	t.Helper()
	for _, path := range []string{"measures?", "measures?scope=service:w0-0&", "deployments?limit=1000&", "incidents?limit=1000&", "measures/series?measure=lead_time&bucket=month&", "explain/change_failure_rate?limit=50&"} {
		var said [][]byte
		for _, url := range urls {
			status, body := get(t.Context(), t, fmt.Sprintf("%s/api/v1/%sfrom=2024-02-01&to=2026-09-01&min_seq=%d", url, path, head), nil)
			if status != http.StatusOK {
				t.Errorf("%s answers %d %s to %s", url, status, body, path)
			}
			said = append(said, body)
		}
		if slices.ContainsFunc(said, func(b []byte) bool { return !bytes.Equal(b, said[0]) }) {
			t.Errorf("the servers differ about %s:\n%s", path, bytes.Join(said, []byte("\n")))
		}
	}
}
