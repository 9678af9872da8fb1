//go:build unix

package store

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
)

// pragma runs on the writer's connection.
func pragma(tb testing.TB, db *DB, text string) {
	tb.Helper()
	err := db.door.submit(context.Background(), func(s *session) error { return s.exec(context.Background(), "PRAGMA "+text) })
	if err != nil {
		tb.Fatal(err)
	}
}

func big(id string) Delivery { return sampleDelivery(sampleEvent(id, strings.Repeat("x", 60_000))) }

func TestAFullDatabaseRefusesAndWorksAgainWhenThereIsRoom(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := mustOpen(t, Options{Dir: dir})
	o := mustOrg(t, db, "default")
	mustAppend(t, o, big("before"))
	pragma(t, db, "max_page_count = 150")
	var mu sync.Mutex
	acknowledged := map[string]bool{"before": true}
	refused := 0
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			id := fmt.Sprintf("d-%d", i)
			_, err := o.Append(context.Background(), big(id))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				acknowledged[id] = true
				return
			}
			if refused++; plimsoll.ErrorCode(err) != plimsoll.CodeUnavailable {
				t.Errorf("refused with %v", err)
			}
		})
	}
	wg.Wait()
	if refused == 0 || refused == 40 {
		t.Fatalf("%d of 40 were refused: the database was never full, or never not", refused)
	}
	pragma(t, db, "max_page_count = 1000000")
	mustAppend(t, o, big("after"))
	acknowledged["after"] = true
	if err := db.Check(context.Background()); err != nil {
		t.Error(err)
	}
	seen := wholeLog(t, o)
	if len(seen) != len(acknowledged) {
		t.Errorf("%d events are there, %d were acknowledged", len(seen), len(acknowledged))
	}
	for id := range acknowledged {
		if seen[id] != 1 {
			t.Errorf("%s is there %d times", id, seen[id])
		}
	}
}

// fillUp is the child of the test below: the kernel refuses its writes beyond
// a size, as a full disk would.
func fillUp(o *Org, dir string, say func(string, ...any)) error {
	ctx := context.Background()
	if _, err := o.Append(ctx, big("before")); err != nil {
		return err
	}
	say("ack before")
	signal.Ignore(syscall.SIGXFSZ)
	info, err := os.Stat(filepath.Join(dir, "plimsoll.db-wal"))
	if err != nil {
		return err
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	full := limit
	full.Cur = uint64(info.Size()) + 20_000
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &full); err != nil {
		return err
	}
	for i := range 3 {
		_, err := o.Append(ctx, big(fmt.Sprintf("refused-%d", i)))
		say("refused with %s", plimsoll.ErrorCode(err))
	}
	if err := o.View(ctx, func(tx *Tx) error { _, err := tx.Events(0, 10); return err }); err != nil {
		return fmt.Errorf("a read while the disk is full: %w", err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	if _, err := o.Append(ctx, big("after")); err != nil {
		return fmt.Errorf("with room again: %w", err)
	}
	say("ack after")
	return nil
}

func TestAFullDiskRefusesAndWorksAgainWhenThereIsRoom(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := start(t, childRole+"=full", childDir+"="+dir)
	var said []string
	for p.lines.Scan() {
		said = append(said, p.lines.Text())
	}
	if err := p.cmd.Wait(); err != nil {
		t.Fatalf("%v; the child says %q", err, said)
	}
	const refused = "refused with unavailable"
	if want := "ack before," + refused + "," + refused + "," + refused + ",ack after"; strings.Join(said, ",") != want {
		t.Errorf("the child says %q", said)
	}
	db := mustOpen(t, Options{Dir: dir})
	if err := db.Check(context.Background()); err != nil {
		t.Error(err)
	}
	if seen := wholeLog(t, mustOrg(t, db, "default")); len(seen) != 2 || seen["before"] != 1 || seen["after"] != 1 {
		t.Errorf("the log holds %v", seen)
	}
}
