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
)

// faultSteps are the dangerous steps on the way from a delivery to the facts.
var faultSteps = []string{
	"migrate:0001", "migrate:0002",
	"write:begin", "write:commit", "write:acknowledge",
	"append:begin", "append:events", "append:counter",
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
	w := newWorld(t, 4)
	want, err := tell(t, t.TempDir(), w.events, &failOnce{})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range faultSteps {
		for _, k := range []int{1, 2, 3, 7} {
			if k > 1 && strings.HasPrefix(step, "migrate:") {
				continue // a migration runs once
			}
			t.Run(fmt.Sprintf("%s, time %d", step, k), func(t *testing.T) {
				fault := &failOnce{step: step, k: k}
				got, err := tell(t, t.TempDir(), w.events, fault)
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

// tell delivers events in portions and folds them as they come. When anything
// fails it closes the store, opens it again, and goes on: with the portion that
// was not acknowledged, as a sender would.
func tell(t *testing.T, dir string, events []plimsoll.Event, fault *failOnce) ([]string, error) {
	ctx := context.Background()
	opt := store.Options{Dir: dir, Fault: fault.hook, Now: func() time.Time { return received }}
	portions := slices.Collect(slices.Chunk(events, 1+len(events)/8))
	failures := 0
	for {
		lines, err := func() (_ []string, err error) {
			db, err := store.Open(ctx, opt)
			if err != nil {
				return nil, err
			}
			defer func() { err = errors.Join(err, db.Close()) }()
			org, err := db.Org(ctx, "default")
			if err != nil {
				return nil, err
			}
			f := New(db, org, Options{Batch: 10})
			for len(portions) > 0 {
				if _, err := org.Append(ctx, store.Delivery{Source: "test", Outcome: "decoded", Events: portions[0]}); err != nil {
					return nil, err
				}
				portions = portions[1:]
				if err := f.CatchUp(ctx); err != nil {
					return nil, err
				}
			}
			if err := f.CatchUp(ctx); err != nil {
				return nil, err
			}
			if err := eachEventOnce(org, events); err != nil {
				return nil, err
			}
			return factLines(org)
		}()
		if err == nil || !errors.Is(err, errPlanted) {
			return lines, err
		}
		if failures++; failures > 1 {
			return nil, fmt.Errorf("failed twice: %w", err)
		}
	}
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
