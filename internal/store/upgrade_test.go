package store

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store/storetest"
)

// program is a build that knows some steps of the schema.
type program struct {
	engine
	steps fstest.MapFS
}

func (p program) migrations() fs.FS { return p.steps }

// now returns the steps that this build knows, and how many there are.
func now(t *testing.T) (fstest.MapFS, int) {
	t.Helper()
	files, out := (&postgresEngine{}).migrations(), fstest.MapFS{}
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		body, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = &fstest.MapFile{Data: body}
	}
	return out, len(names)
}

// later returns the steps of a later build, which has these in addition.
func later(t *testing.T, more ...string) fstest.MapFS {
	t.Helper()
	out, n := now(t)
	for i, body := range more {
		out[fmt.Sprintf("%04d_later.sql", n+1+i)] = &fstest.MapFile{Data: []byte(body)}
	}
	return out
}

func startProgram(address string, steps fstest.MapFS) (*DB, error) {
	e, err := newPostgres(address)
	if err != nil {
		return nil, err
	}
	opt := Options{Database: address, Readers: 2, Now: clockAt(testTime), Fault: func(string) error { return nil }}
	return openOn(context.Background(), opt, program{e, steps})
}

func mustStart(t *testing.T, address string, steps fstest.MapFS) *DB {
	t.Helper()
	db, err := startProgram(address, steps)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// expand is a first step of an upgrade that programs before it can live with;
// contract is the second, which takes away what only they needed.
func expand(n int) string {
	return fmt.Sprintf("-- works with %d\nALTER TABLE services ADD COLUMN colour TEXT NOT NULL DEFAULT ''", n)
}

func contract(n int) string {
	return fmt.Sprintf("-- works with %d\nALTER TABLE orgs ADD COLUMN later BIGINT NOT NULL DEFAULT 0", n)
}

func TestAnOlderServerWorksBesideAStepThatAllowsIt(t *testing.T) {
	t.Parallel()
	address := storetest.Postgres(t)
	known, n := now(t)
	old := mustStart(t, address, known)
	o := mustOrg(t, old, "default")
	mustAppend(t, o, sampleDelivery(sampleEvent("d-1", "1")))

	newer := mustStart(t, address, later(t, expand(n)))
	mustAppend(t, mustOrg(t, newer, "default"), sampleDelivery(sampleEvent("d-2", "1")))
	old.lookAtSchema()
	mustAppend(t, o, sampleDelivery(sampleEvent("d-3", "1")))

	again := mustStart(t, address, known) // an old one that is started anew
	mustAppend(t, mustOrg(t, again, "default"), sampleDelivery(sampleEvent("d-4", "1")))
	if seen := wholeLog(t, mustOrg(t, newer, "default")); len(seen) != 4 {
		t.Errorf("the log holds %v", seen)
	}
}

// Whatever a server that was left behind is asked, it says so, and it writes
// nothing. A server that the step works with goes on.
func TestAnOlderServerStopsAtAStepThatLeavesItBehind(t *testing.T) {
	t.Parallel()
	known, n := now(t)
	between := later(t, expand(n))
	for name, next := range map[string]fstest.MapFS{
		"a step without a word":       later(t, expand(n), "ALTER TABLE orgs ADD COLUMN later BIGINT NOT NULL DEFAULT 0"),
		"a step for those in between": later(t, expand(n), contract(n+1)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := storetest.Postgres(t)
			old, middle := mustStart(t, address, known), mustStart(t, address, between)
			o := mustOrg(t, old, "default")
			mustAppend(t, o, sampleDelivery(sampleEvent("d-1", "1")))
			newer := mustStart(t, address, next)
			mustAppend(t, mustOrg(t, newer, "default"), sampleDelivery(sampleEvent("d-2", "1")))

			says := fmt.Sprintf("schema %d, this program knows %d", n+2, n)
			late := time.After(time.Minute)
			for old.outgrown.Load() == nil { // it finds out by itself
				select {
				case <-old.Changed():
				case <-late:
					t.Fatal("the older server does not notice")
				}
			}
			_, err := o.Append(context.Background(), sampleDelivery(sampleEvent("d-3", "1")))
			code(t, err, plimsoll.CodeUnavailable)
			if !strings.Contains(plimsoll.PublicMessage(err), says) {
				t.Errorf("the older server says %v", err)
			}
			err = o.View(context.Background(), nothingToDo)
			code(t, err, plimsoll.CodeUnavailable)
			if !strings.Contains(plimsoll.PublicMessage(err), says) {
				t.Errorf("the older server says %v", err)
			}
			_, err = startProgram(address, known)
			code(t, err, plimsoll.CodeConflict)
			if !strings.Contains(err.Error(), says) {
				t.Errorf("a start of the older program says %v", err)
			}
			middle.lookAtSchema()
			_, err = mustOrg(t, newer, "default").Append(context.Background(), sampleDelivery(sampleEvent("d-4", "1")))
			if err != nil {
				t.Error(err)
			}
			if left := middle.outgrown.Load() != nil; left != (name == "a step without a word") {
				t.Errorf("the server in between was left behind: %v", left)
			}
			if seen := wholeLog(t, mustOrg(t, newer, "default")); len(seen) != 3 || seen["d-3"] != 0 {
				t.Errorf("the log holds %v", seen)
			}
		})
	}
}

func TestNewServersThatStartAtOnceUpgradeTogether(t *testing.T) {
	t.Parallel()
	known, n := now(t)
	next := later(t, expand(n), contract(n))
	nothing := func() {}
	for name, before := range map[string]func(address string) (after func()){
		"an empty database": func(string) func() { return nothing },
		"an older database": func(address string) func() {
			mustAppend(t, mustOrg(t, mustStart(t, address, known), "default"), sampleDelivery(sampleEvent("d-1", "1")))
			return nothing
		},
		"beside an old start": func(address string) func() {
			var wg sync.WaitGroup
			wg.Go(func() {
				db, err := startProgram(address, known)
				if err == nil {
					err = db.Close()
				}
				if err != nil {
					t.Error(err)
				}
			})
			return wg.Wait
		},
	} {
		t.Run(name, func(t *testing.T) {
			address := storetest.Postgres(t)
			defer before(address)()
			dbs := make([]*DB, 4)
			var wg sync.WaitGroup
			for i := range dbs {
				wg.Go(func() {
					var err error
					if dbs[i], err = startProgram(address, next); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			for i, db := range dbs {
				if db == nil {
					continue
				}
				mustAppend(t, mustOrg(t, db, "default"), sampleDelivery(sampleEvent(fmt.Sprintf("e-%d", i), "1")))
				var steps int
				err := db.door.submit(context.Background(), func(s *session) error {
					return s.row(context.Background(), `SELECT count(*) FROM schema_migrations`).Scan(&steps)
				})
				if err != nil || steps != n+2 {
					t.Errorf("%d steps were made, %v; there are %d", steps, err, n+2)
				}
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
