package web_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestManyWritersAndReadersDoNotDisturbEachOther(t *testing.T) {
	const writers, each, readers = 64, 12, 8
	s := start(t)
	post := func(body string) error {
		resp, err := s.http.Post(s.url+"/api/v1/events", "application/json", strings.NewReader(body))
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err == nil && resp.StatusCode != http.StatusOK {
			err = fmt.Errorf("status %d: %s", resp.StatusCode, b)
		}
		return err
	}
	var write, read sync.WaitGroup
	var done atomic.Bool
	for w := range writers {
		write.Go(func() {
			for i := range each {
				// Every second report comes twice, from two senders.
				who := w / (1 + i%2)
				err := post(fmt.Sprintf(`{"type":"deployment","id":"d%d-%d","service":"s%d","environment":"production","finished_at":"2026-05-%02dT10:00:%02dZ"}`, who, i, who%5, 1+i, who%60))
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	for r := range readers {
		read.Go(func() {
			paths := []string{"/api/v1/measures?from=2026-05-01", "/api/v1/deployments?limit=20", "/", "/services/s1", "/api/v1/measures/series?measure=lead_time", "/readyz"}
			for i := r; !done.Load(); i++ {
				resp, err := s.http.Get(s.url + paths[i%len(paths)])
				if err != nil {
					t.Error(err)
					return
				}
				b, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || strings.Contains(string(b), `"position":-`) {
					t.Errorf("%s: %v: %s", paths[i%len(paths)], err, b)
				}
				// The page of a service that has no deployment yet is not there.
				if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusNotFound {
					t.Errorf("%s: status %d", paths[i%len(paths)], resp.StatusCode)
				}
			}
		})
	}
	write.Wait()
	done.Store(true)
	read.Wait()
	var ready struct{ Log int64 }
	s.get("/readyz", &ready)
	s.last = ready.Log
	want := map[string]bool{}
	for w := range writers {
		for i := range each {
			want[fmt.Sprintf("d%d-%d", w/(1+i%2), i)] = true
		}
	}
	got := s.ids(url.Values{"limit": {"100"}})
	for _, id := range got {
		if !want[id] {
			t.Errorf("%s is there and was not sent, or is there twice", id)
		}
		delete(want, id)
	}
	if len(want) > 0 {
		t.Errorf("%d of them are missing", len(want))
	}
}
