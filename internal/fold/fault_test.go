package fold

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
	"github.com/plimsoll-dev/plimsoll/internal/store/storetest"
)

// faultSteps are the dangerous steps on the way from a delivery to the facts.
var faultSteps = []string{
	"migrate:0001", "migrate:0002",
	"write:begin", "write:commit", "write:acknowledge",
	"append:begin", "append:events", "append:counter",
	"lease:take", "lease:keep",
	"fold:facts", "fold:cursor",
	"derive:timeline", "derive:deployments", "derive:clean",
}

var errPlanted = errors.New("planted fault")

// failOnce makes a step fail the k-th time it is reached, once.
type failOnce struct {
	step    string
	k       int
	reached int
	failed  bool
}

func (f *failOnce) hook(step string) error {
	if step != f.step || f.failed {
		return nil
	}
	if f.reached++; f.reached < f.k {
		return nil
	}
	f.failed = true
	return errPlanted
}

// Whatever step fails, and whenever, the program that starts again afterwards
// ends with the same facts, and has every acknowledged event once.
func TestFactsSurviveAFaultAtAnyStep(t *testing.T) {
	survive(t, 6, func(t *testing.T) store.Options { return store.Options{Dir: t.TempDir()} })
}

// The same where a transaction lies across a network and its statements go
// together. A new database takes its time: each step fails once.
func TestFactsSurviveAFaultAtAnyStepOnPostgreSQL(t *testing.T) {
	survive(t, 0, func(t *testing.T) store.Options { return store.Options{Database: storetest.Postgres(t)} })
}

// survive makes each step fail the first time that it is reached, and at more of
// them the denser they are tried; dense 0 is one time of each, in the middle.
func survive(t *testing.T, dense int, place func(t *testing.T) store.Options) {
	w := newWorld(t, 4)
	reached := map[string]int{}
	want, err := tell(place(t), w.events, func(step string) error { reached[step]++; return nil }, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range faultSteps {
		if reached[step] == 0 {
			t.Errorf("the step %s was not reached", step)
		}
		first, stride := 1+reached[step]/2, func(int) int { return reached[step] }
		if dense > 0 {
			first, stride = 1, func(k int) int { return 1 + k/dense }
		}
		for k := first; k <= reached[step]; k += stride(k) {
			for _, goOn := range []bool{false, true} {
				if goOn && strings.HasPrefix(step, "migrate:") {
					continue // a store that did not open cannot be gone on with
				}
				t.Run(fmt.Sprintf("%s, time %d, going on %v", step, k, goOn), func(t *testing.T) {
					if dense == 0 {
						t.Parallel() // most of it is waiting
					}
					fault := &failOnce{step: step, k: k}
					got, err := tell(place(t), w.events, fault.hook, goOn)
					if err != nil {
						t.Fatal(err)
					}
					if !fault.failed {
						t.Fatalf("the step was reached %d times, and should have failed the %d. time", fault.reached, k)
					}
					if d := difference(want, got); d != "" || !slices.Equal(want, got) {
						t.Errorf("other facts:\n%s", d)
					}
				})
			}
		}
	}
}

// tell delivers events in portions and folds them as they come. When anything
// fails it goes on with the portion that was not acknowledged, as a sender
// would: with the same store and the same Folder, or after opening it again.
func tell(opt store.Options, events []plimsoll.Event, fault func(string) error, goOn bool) ([]string, error) {
	portions := slices.Collect(slices.Chunk(events, 1+len(events)/8))
	var lines []string
	failures := 0
	survive := func(err error) error {
		// A store that does not open keeps the text only.
		if failures++; failures > 1 || !strings.Contains(err.Error(), errPlanted.Error()) {
			return err
		}
		return nil
	}
	session := func() (err error) {
		ctx := context.Background()
		opt.Fault, opt.Now = fault, func() time.Time { return received }
		db, err := store.Open(ctx, opt)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		org, err := db.Org(ctx, "default")
		if err != nil && goOn && survive(err) == nil {
			org, err = db.Org(ctx, "default")
		}
		if err != nil {
			return err
		}
		if failures > 0 && db.Shared() {
			// The one that failed is gone for as long as its lease lasted.
			if _, err := org.SeizeLease(ctx, Work, "gone", -time.Second); err != nil {
				return err
			}
		}
		f := New(db, org, Options{Batch: 10})
		for {
			var err error
			if len(portions) > 0 {
				_, err = org.Append(ctx, store.Delivery{Source: "test", Outcome: "decoded", Events: portions[0]})
				if err == nil {
					portions = portions[1:]
				}
			}
			if err == nil {
				err = f.CatchUp(ctx)
			}
			switch {
			case err != nil && goOn && survive(err) == nil:
			case err != nil:
				return err
			case len(portions) == 0:
				if err := eachEventOnce(org, events); err != nil {
					return err
				}
				lines, err = factLines(org)
				return err
			}
		}
	}
	err := session()
	if err != nil && !goOn && survive(err) == nil {
		err = session()
	}
	return lines, err
}

// eachEventOnce checks that the log holds exactly these events, each once.
func eachEventOnce(org *store.Org, events []plimsoll.Event) error {
	want := map[plimsoll.Hash]bool{}
	for _, e := range events {
		want[e.Hash] = true
	}
	return org.View(context.Background(), func(tx *store.Tx) error {
		records, err := tx.Events(0, 1<<20)
		if err != nil {
			return err
		}
		if len(records) != len(want) {
			return fmt.Errorf("the log holds %d events, %d were acknowledged", len(records), len(want))
		}
		for _, r := range records {
			if !want[r.Hash] {
				return fmt.Errorf("event %d was lost, or is there twice", r.Seq)
			}
			delete(want, r.Hash)
		}
		return nil
	})
}
