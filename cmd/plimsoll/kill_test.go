package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// parcel is a request: some deployments, and now and then an incident.
type parcel struct {
	ids  []string // of its deployments
	body string
}

func newParcel(writer, n int) parcel {
	var p parcel
	var b strings.Builder
	for i := range 1 + n%4 {
		id := fmt.Sprintf("w%d-%d-%d", writer, n, i)
		p.ids = append(p.ids, id)
		at := time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(n*7+writer*3+i) * time.Minute)
		fmt.Fprintf(&b, `{"type":"deployment","id":%q,"service":"s%d","environment":"production","version":%q,"commit_sha":"c%d-%d-%d","repository":"r","commit_timestamp":%q,"finished_at":%q}`+"\n",
			id, n%3, id, writer, n, i, at.Add(-time.Hour).Format(time.RFC3339), at.Format(time.RFC3339))
		if n%9 == 0 && i == 0 {
			fmt.Fprintf(&b, `{"type":"incident","id":"INC-%s","services":["s%d"],"caused_by":%q,"started_at":%q}`+"\n", id, n%3, id, at.Add(time.Minute).Format(time.RFC3339))
		}
	}
	p.body = b.String()
	return p
}

// writers post parcels to whatever server is up, and write down what was
// acknowledged, after it was.
type writers struct {
	file    *os.File      // one acknowledged id a line
	acked   chan struct{} // writers tell of each acknowledgement
	flying  atomic.Int32
	mu      sync.Mutex
	url     string
	renewed chan struct{} // closed when there is another server
	sent    map[string]parcel
	wg      sync.WaitGroup
}

func (w *writers) server() (string, chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.url, w.renewed
}

func (w *writers) moveTo(url string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.url = url
	close(w.renewed)
	w.renewed = make(chan struct{})
}

// run is one writer. A parcel without an answer is sent again to the next
// server, or, one time of three, given up: both must be harmless.
func (w *writers) run(ctx context.Context, t *testing.T, writer int) {
	for n := 0; ctx.Err() == nil; n++ {
		p := newParcel(writer, n)
		w.mu.Lock()
		for _, id := range p.ids {
			w.sent[id] = p
		}
		w.mu.Unlock()
		for try := 0; ; try++ {
			url, renewed := w.server()
			if w.post(ctx, t, url, p) {
				break
			}
			select {
			case <-renewed:
			case <-ctx.Done():
				return
			}
			if (n+try)%3 == 2 {
				break
			}
		}
	}
}

func (w *writers) post(ctx context.Context, t *testing.T, url string, p parcel) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/api/v1/events", strings.NewReader(p.body))
	if err != nil {
		t.Error(err)
		return false
	}
	w.flying.Add(1)
	resp, err := http.DefaultClient.Do(req)
	w.flying.Add(-1)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		if resp.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("status %d", resp.StatusCode)
		}
		return false
	}
	// The status says that it is durable; whether the rest of the answer
	// arrives does not matter.
	_, _ = io.Copy(io.Discard, resp.Body)
	if _, err := w.file.WriteString(strings.Join(p.ids, "\n") + "\n"); err != nil {
		t.Error(err)
	}
	select {
	case w.acked <- struct{}{}:
	case <-ctx.Done():
	}
	return true
}

// rounds is how often the server is killed.
func rounds() int {
	if n, err := strconv.Atoi(os.Getenv("PLIMSOLL_KILL_ROUNDS")); err == nil && n > 0 {
		return n
	}
	return 12
}

func TestNothingAcknowledgedIsLostOrDoubledWhenTheServerIsKilled(t *testing.T) {
	data := t.TempDir()
	file, err := os.OpenFile(filepath.Join(t.TempDir(), "acknowledged"), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	server := launch(t, data)
	w := &writers{file: file, acked: make(chan struct{}), url: server.url, renewed: make(chan struct{}), sent: map[string]parcel{}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for i := range 6 {
		w.wg.Go(func() { w.run(ctx, t, i) })
	}
	hits := 0
	for range rounds() {
		for range 1 + rand.N(60) { // the moment: some acknowledgement after the start
			select {
			case <-w.acked:
			case <-time.After(20 * time.Second):
				t.Fatalf("nothing is acknowledged any more: %s", server.errs.String())
			}
		}
		if w.flying.Load() > 0 {
			hits++
		}
		_ = server.end(syscall.SIGKILL) // that it did not end well is the point
		server = launch(t, data)
		w.moveTo(server.url)
	}
	cancel()
	w.wg.Wait()
	acknowledged := readLines(t, file.Name())
	if len(acknowledged) == 0 || hits == 0 {
		t.Fatalf("nothing was tried: %d acknowledged, %d of %d kills during requests", len(acknowledged), hits, rounds())
	}
	stored := stored(t, server.url, w.sent)
	for id := range acknowledged {
		if !stored[id] {
			t.Errorf("%s was acknowledged and is lost", id)
		}
	}
	t.Logf("%d kills, %d of them during requests; %d deployments acknowledged, %d stored", rounds(), hits, len(acknowledged), len(stored))
	if err := server.end(syscall.SIGTERM); err != nil {
		t.Errorf("the end: %v: %s", err, server.errs.String())
	}
	sameAnswers(t, data, w.sent, stored)
}

// stored lists what the server holds. Nothing may be there twice, and of no
// parcel a part.
func stored(t *testing.T, url string, sent map[string]parcel) map[string]bool {
	t.Helper()
	var all struct{ Deployments []struct{ ID string } }
	decode(t, fine(t, "deployments", "--server", url, "--limit", "0", "--format", "json"), &all)
	out := map[string]bool{}
	for _, d := range all.Deployments {
		if out[d.ID] {
			t.Errorf("%s is there twice", d.ID)
		}
		out[d.ID] = true
	}
	for id := range out {
		p, ok := sent[id]
		if !ok {
			t.Errorf("%s was never sent", id)
		}
		for _, other := range p.ids {
			if !out[other] {
				t.Errorf("%s is there and %s of the same request is not", id, other)
			}
		}
	}
	return out
}

// sameAnswers compares the facts with those derived again, and with those of a
// store that got the same parcels in one go.
func sameAnswers(t *testing.T, data string, sent map[string]parcel, stored map[string]bool) {
	t.Helper()
	ask := func(data string) string {
		var b strings.Builder
		for _, verb := range []string{"measures", "deployments", "changes", "incidents"} {
			args := []string{verb, "--from", "2024-02-01", "--to", "2024-09-01", "--format", "json", "--data", data}
			if verb != "measures" {
				args = append(args, "--limit", "0")
			}
			var v map[string]any
			decode(t, fine(t, args...), &v)
			delete(v, "position") // the log may hold an incident twice, as a repeated report
			fmt.Fprintln(&b, verb, v)
		}
		return b.String()
	}
	killed := ask(data)
	fine(t, "refold", "--data", data)
	if again := ask(data); again != killed {
		t.Errorf("derived again the facts differ:\n%s\nbefore\n%s", again, killed)
	}
	var b bytes.Buffer
	done := map[string]bool{}
	for id := range stored {
		if p := sent[id]; !done[p.ids[0]] {
			done[p.ids[0]] = true
			b.WriteString(p.body)
		}
	}
	fresh := t.TempDir()
	fine(t, "import", "jsonl", write(t, "all.jsonl", b.String()), "--data", fresh)
	if straight := ask(fresh); straight != killed {
		t.Errorf("a store that was never killed says\n%s\nthis one\n%s", straight, killed)
	}
}

func readLines(t *testing.T, path string) map[string]bool {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := map[string]bool{}
	for s := bufio.NewScanner(f); s.Scan(); {
		out[s.Text()] = true
	}
	return out
}
