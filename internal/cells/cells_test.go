package cells_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/cells"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/query"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// settled is a house with some history, and cells that know it and have a snapshot in the folder.
func settled(t *testing.T, seed uint64) (*house, cells.Options) {
	h := newHouse(t, seed)
	for range 12 {
		h.change()
	}
	opt := cells.Options{Zone: time.UTC, Dir: t.TempDir(), Definitions: "1"}
	c := cells.New(h.db, h.org, opt)
	h.catchUp(c)
	if err := c.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	return h, opt
}

func snapshotOf(t *testing.T, opt cells.Options) []byte {
	b, err := os.ReadFile(filepath.Join(opt.Dir, "cells.snapshot"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// started starts cells anew, and returns them with what they logged.
func (h *house) started(opt cells.Options) (*cells.Cells, string) {
	var log bytes.Buffer
	opt.Log = slog.New(slog.NewTextHandler(&log, nil))
	c := cells.New(h.db, h.org, opt)
	h.catchUp(c)
	if d, err := c.Difference(h.t.Context()); d != "" || err != nil {
		h.t.Fatalf("after the start the cells differ from what is built: %s %v", d, err)
	}
	return c, log.String()
}

func TestStartFromSnapshot(t *testing.T) {
	h, opt := settled(t, 1)
	if _, log := h.started(opt); log != "" {
		t.Errorf("a good snapshot is complained about: %s", log)
	}
	h.change()
	if _, log := h.started(opt); log != "" {
		t.Errorf("a good snapshot with changes after it is complained about: %s", log)
	}
}

// Whatever is wrong with a snapshot, the answer is built from the facts instead.
func TestUselessSnapshots(t *testing.T) {
	h, opt := settled(t, 2)
	good := snapshotOf(t, opt)
	path := filepath.Join(opt.Dir, "cells.snapshot")
	write := func(b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 60 {
		bad := bytes.Clone(good)
		switch h.r.IntN(3) {
		case 0:
			bad[h.r.IntN(len(bad))] ^= 1 << h.r.IntN(8)
		case 1:
			bad = bad[:h.r.IntN(len(bad))]
		default:
			bad = append(bad, byte(h.r.IntN(256)))
		}
		write(bad)
		if _, log := h.started(opt); !strings.Contains(log, "of no use") {
			t.Fatalf("a spoilt snapshot was taken: %s", log)
		}
	}
	write(good)
	for name, other := range map[string]cells.Options{
		"zone":        {Zone: time.FixedZone("elsewhere", 3600), Dir: opt.Dir, Definitions: "1"},
		"definitions": {Zone: time.UTC, Dir: opt.Dir, Definitions: "2"},
	} {
		if _, log := h.started(other); !strings.Contains(log, "of no use") {
			t.Errorf("a snapshot of another %s was taken: %s", name, log)
		}
	}
	// Another store with as many changes, and one that was set back and went another way.
	other, _ := settled(t, 3)
	for range 100 {
		other.change()
	}
	if _, log := other.started(opt); !strings.Contains(log, "of no use") {
		t.Errorf("a snapshot of another store was taken: %s", log)
	}
	h.forget()
	if _, log := h.started(opt); !strings.Contains(log, "of no use") {
		t.Errorf("a snapshot of facts that were forgotten was taken: %s", log)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	c, log := h.started(opt)
	if !strings.Contains(log, "cannot be read") {
		t.Errorf("a folder in the place of the snapshot: %s", log)
	}
	if err := c.Save(t.Context()); err == nil {
		t.Error("a snapshot was written over a folder")
	}
}

// A crash while a snapshot is written leaves the one before.
func TestHalfWrittenSnapshot(t *testing.T) {
	h, opt := settled(t, 4)
	good := snapshotOf(t, opt)
	if err := os.WriteFile(filepath.Join(opt.Dir, "cells.snapshot.new"), good[:len(good)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	c, log := h.started(opt)
	if log != "" {
		t.Errorf("what a crash left is complained about: %s", log)
	}
	h.change()
	h.catchUp(c)
	if err := c.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(snapshotOf(t, opt), good) {
		t.Error("the snapshot is the old one")
	}
	if _, log := h.started(opt); log != "" {
		t.Errorf("a good snapshot is complained about: %s", log)
	}
}

// What is not there in memory comes from the rows, and a snapshot of the store from before is refused.
func TestAt(t *testing.T) {
	h := newHouse(t, 5)
	h.change()
	c := cells.New(h.db, h.org, cells.Options{})
	at := func() (s *cells.State, err error) {
		return s, h.org.View(t.Context(), func(tx *store.Tx) (err error) {
			s, err = c.At(tx)
			return err
		})
	}
	if s, err := at(); s != nil || err != nil {
		t.Errorf("cells that were never built say %v, %v", s, err)
	}
	if err := c.Save(t.Context()); err != nil {
		t.Errorf("nothing to save: %v", err)
	}
	h.catchUp(c)
	h.change()
	err := h.org.View(t.Context(), func(old *store.Tx) error {
		if _, err := old.LastFactChange(); err != nil { // the first read makes the snapshot
			return err
		}
		h.change()
		if s, err := at(); s == nil || err != nil {
			t.Errorf("a few changes were not followed: %v, %v", s, err)
		}
		_, err := c.At(old)
		return err
	})
	if err != cells.ErrPassed {
		t.Errorf("an old snapshot of the store: %v", err)
	}
	for range 40 {
		h.change()
	}
	if s, err := at(); s != nil || err != nil {
		t.Errorf("many changes were followed while a question waits: %v, %v", s, err)
	}
	h.catchUp(c)
	h.forget()
	if s, err := at(); s != nil || err != nil {
		t.Errorf("forgotten facts are still there: %v, %v", s, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.CatchUp(ctx); err == nil {
		t.Error("caught up although it was told to end")
	}
}

// Many ask while facts change: every answer is of one moment, and the moments go forward.
func TestManyAskWhileFactsChange(t *testing.T) {
	h := newHouse(t, 6)
	for range 5 {
		h.change()
	}
	c := cells.New(h.db, h.org, cells.Options{Dir: t.TempDir()})
	h.catchUp(c)
	ctx, cancel := context.WithCancel(t.Context())
	var background, asking sync.WaitGroup
	background.Go(func() { c.Run(ctx) })
	q := cells.Question{Period: metric.Period{Window: plimsoll.Window{From: 1, To: plimsoll.TimeOf(houseEnd) + 1}, Now: plimsoll.TimeOf(houseEnd)}}
	answers := make(chan string, 1<<12)
	stop := make(chan struct{})
	for range 4 {
		asking.Go(func() {
			last := int64(0)
			for {
				select {
				case <-stop:
					return
				default:
				}
				err := h.org.View(ctx, func(tx *store.Tx) error {
					num, err := tx.LastFactChange()
					if err != nil {
						return err
					}
					s, err := c.At(tx)
					if err != nil || s == nil {
						return err
					}
					if num < last {
						t.Errorf("change %d comes after %d", num, last)
					}
					last = num
					text, err := json.Marshal(s.Measures(q))
					select {
					case answers <- fmt.Sprintf("%d %s", num, text):
					default:
					}
					return err
				})
				if err != nil && err != cells.ErrPassed {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 20 {
		h.change()
	}
	close(stop)
	asking.Wait()
	cancel()
	background.Wait()
	close(answers)
	seen := map[string]string{}
	for a := range answers {
		num, text, _ := strings.Cut(a, " ")
		if before, ok := seen[num]; ok && before != text {
			t.Fatalf("change %s has two answers:\n%s\n%s", num, before, text)
		}
		seen[num] = text
	}
	if len(seen) == 0 {
		t.Error("nobody got an answer")
	}
	if d, err := c.Difference(t.Context()); d != "" && c.Change() >= 0 && err == nil {
		h.catchUp(c)
		if d, err := c.Difference(t.Context()); d != "" || err != nil {
			t.Errorf("in the end the cells differ from what is built: %s %v", d, err)
		}
	}
}

// An empty organisation has cells, and no numbers.
func TestNobodyDeployed(t *testing.T) {
	h := newHouse(t, 7)
	c := cells.New(h.db, h.org, cells.Options{})
	h.catchUp(c)
	opt := query.Options{Cursor: "facts", Now: func() time.Time { return houseEnd }}
	rows := query.New(h.db, h.org, opt)
	opt.Cells = c
	for range 5 {
		h.compare(rows, query.New(h.db, h.org, opt))
	}
	if c.Bytes() > 10_000 {
		t.Errorf("nothing takes %d bytes", c.Bytes())
	}
}

// Every snapshot belongs to a question that has to follow a change first, while
// the follower waits for one.
func TestQuestionsAndTheFollowerDoNotWaitForEachOther(t *testing.T) {
	h := newHouse(t, 5)
	for range 6 {
		h.change()
	}
	c := cells.New(h.db, h.org, cells.Options{Zone: time.UTC, Definitions: "1"})
	h.catchUp(c)
	before := c.Change()
	for c.Change() == before {
		h.change()
		if n := got(t, h, (*store.Tx).LastFactChange); n > before {
			break
		}
	}
	most := h.db.Stats().SnapshotsMost
	taken, on := make(chan struct{}, most), make(chan struct{})
	var questions sync.WaitGroup
	for range most {
		questions.Go(func() {
			err := h.org.View(t.Context(), func(tx *store.Tx) error {
				taken <- struct{}{}
				<-on
				_, err := c.At(tx)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	for range most {
		<-taken
	}
	followed := make(chan error, 1)
	go func() { followed <- c.CatchUp(t.Context()) }()
	for range 50 { // it has come to where it waits
		if c.Locked() {
			break
		}
		<-time.After(2 * time.Millisecond)
	}
	close(on)
	done := make(chan struct{})
	go func() { questions.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("they wait for each other for ever")
	}
	if err := <-followed; err != nil {
		t.Error(err)
	}
	if d, err := c.Difference(t.Context()); d != "" || err != nil {
		t.Errorf("%s %v", d, err)
	}
}

func got[T any](t *testing.T, h *house, read func(tx *store.Tx) (T, error)) (out T) {
	t.Helper()
	if err := h.org.View(t.Context(), func(tx *store.Tx) (err error) {
		out, err = read(tx)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return out
}
