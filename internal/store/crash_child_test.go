//go:build unix

package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// The variables by which a test tells a child what to be.
const (
	childRole     = "PLIMSOLL_STORE_CHILD"
	childDir      = "PLIMSOLL_STORE_DIR"
	childDatabase = "PLIMSOLL_STORE_DATABASE" // instead of a folder
	childRound    = "PLIMSOLL_STORE_ROUND"    // makes the ids of one child differ from those of the next
	childDie      = "PLIMSOLL_STORE_DIE"      // STEP K: die at the k-th time of that step
)

// child is what the test binary does instead of tests. It writes lines to its
// parent, each by one write, so that a kill never leaves half of one.
func child(role string) int {
	say := func(format string, args ...any) { fmt.Fprintf(os.Stdout, format+"\n", args...) }
	db, err := Open(context.Background(), Options{Dir: os.Getenv(childDir), Database: os.Getenv(childDatabase), Fault: dieAt(say)})
	if err != nil {
		say("open: %v", err)
		return 1
	}
	o, err := db.Org(context.Background(), "default")
	if err != nil {
		say("organisation: %v", err)
		return 1
	}
	switch role {
	case "hold":
		if err := db.Announce("http://127.0.0.1:8125"); err != nil {
			say("announce: %v", err)
			return 1
		}
		say("ready")
		_, _ = io.Copy(io.Discard, os.Stdin) // until the parent ends or kills us
	case "full":
		if err := fillUp(o, os.Getenv(childDir), say); err != nil {
			say("full: %v", err)
			return 1
		}
		return 0
	case "append":
		// Checkpoints must be frequent, or no kill ever hits one.
		if db.say.alone {
			err := db.door.submit(context.Background(), func(s *session) error { return s.exec(context.Background(), `PRAGMA wal_autocheckpoint = 16`) })
			if err != nil {
				say("checkpoints: %v", err)
				return 1
			}
		}
		say("stopped: %v", appendForEver(o, say))
	}
	return 1
}

// dieAt makes the fault function that kills the process itself.
func dieAt(say func(string, ...any)) func(string) error {
	step, after, found := strings.Cut(os.Getenv(childDie), " ")
	if !found {
		return nil
	}
	n, err := strconv.ParseInt(after, 10, 64)
	if err != nil {
		panic(err)
	}
	var left atomic.Int64
	left.Store(n)
	return func(s string) error {
		if s != step || left.Add(-1) != 0 {
			return nil
		}
		say("reached %s", s)
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal is on its way
	}
}

// appendForEver appends from several goroutines and says each acknowledged
// event. Beside them a follower keeps its cursor and its facts in step.
func appendForEver(o *Org, say func(string, ...any)) error {
	ctx, round := context.Background(), os.Getenv(childRound)
	failed := make(chan error)
	for g := range 8 {
		go func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%s-%d-%d", round, g, i)
				d := sampleDelivery(sampleEvent(id, "1"), sampleEvent(id+"b", "1"))
				d.Body = []byte(strings.Repeat(id, 200))
				if _, err := o.Append(ctx, d); err != nil {
					failed <- fmt.Errorf("append: %w", err)
					return
				}
				say("ack %s", id)
			}
		}()
	}
	go func() {
		for {
			// Each time anew: so both of taking and keeping are hit.
			l, ok, err := o.TakeLease(ctx, work, round, 50*time.Millisecond)
			if err == nil && ok {
				err = o.UpdateUnder(ctx, l, follow)
			}
			if errors.Is(err, ErrLeaseLost) {
				err = nil
			}
			failed <- err
		}
	}()
	for err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}

// follow makes one more fact than there was, and moves the cursor with it.
func follow(tx *Tx) error {
	at, err := tx.Cursor("facts")
	if err != nil {
		return err
	}
	at++
	d := sampleDeployment(fmt.Sprintf("d-%d", at), int(at%100))
	_, _, err = tx.PutTimeline(fmt.Sprintf("s-%d", at), []plimsoll.Deployment{d}, nil, nil, at)
	return errors.Join(err, tx.SetCursor("facts", at))
}
