package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/ingest"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

func TestEachDeliveryIsToldWithWhatBecameOfIt(t *testing.T) {
	var full atomic.Bool
	db, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Fault: func(step string) error {
		if full.Load() && step == "write:commit" {
			return errors.New("no space left")
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	org, err := db.Org(t.Context(), "default")
	if err != nil {
		t.Fatal(err)
	}
	door, err := ingest.New(t.Context(), db, org, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	door.Observe(func(ctx context.Context, source string) (context.Context, func(string, store.Receipt, error)) {
		return ctx, func(outcome string, r store.Receipt, _ error) {
			told = append(told, fmt.Sprintf("%s %s %d %d", source, outcome, r.Accepted, r.Duplicates))
		}
	})
	const one = `{"type":"deployment","id":"d","service":"a","environment":"production","finished_at":"2026-05-01T10:00:00Z"}`
	send := func(ctx context.Context, body, delivery string) {
		_, _ = door.Accept(ctx, ingest.Body{Reader: strings.NewReader(body), DeliveryID: delivery})
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	send(t.Context(), one, "x")
	send(t.Context(), one, "x")
	send(t.Context(), strings.Replace(one, `"a"`, `"b"`, 1), "x")
	send(t.Context(), `{"type":"nonsense"}`, "")
	send(t.Context(), strings.Repeat(" ", ingest.MaxBody+1), "")
	send(gone, one, "y")
	full.Store(true)
	send(t.Context(), one, "z")
	full.Store(false)
	if err := door.Declare(t.Context(), plimsoll.LocalActor(), ingest.Declaration{Services: []plimsoll.ServiceReport{{Name: "a", Team: "t"}}}); err != nil {
		t.Fatal(err)
	}
	_, err = door.Accept(t.Context(), ingest.Body{Reader: strings.NewReader(one), Hold: func(n int) error {
		if n <= 0 {
			t.Errorf("asked about %d bytes", n)
		}
		return plimsoll.Errorf(plimsoll.CodeUnavailable, "no room")
	}})
	if err == nil || err.Error() != "no room" {
		t.Errorf("%v", err)
	}
	want := []string{
		"api accepted 1 0", "api duplicate 0 1", "api conflict 0 0", "api invalid 0 0", "api too_large 0 0", "api gone 0 0",
		"api unavailable 0 0", "configuration accepted 1 0", "api unavailable 0 0",
	}
	if strings.Join(told, "\n") != strings.Join(want, "\n") {
		t.Errorf("told:\n%s\nwant:\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
}
