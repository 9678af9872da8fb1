package sim_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/sim"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

func mixed(tb testing.TB, d sim.Disorder, all []*sim.Item) []sim.Sending {
	tb.Helper()
	var out []sim.Sending
	m := d.Mix(func(s sim.Sending) error { out = append(out, s); return nil })
	for _, i := range all {
		if err := m.Take(i); err != nil {
			tb.Fatal(err)
		}
	}
	if err := m.Flush(); err != nil {
		tb.Fatal(err)
	}
	return out
}

func TestDisorderKeepsItsBounds(t *testing.T) {
	all := items(t, organisation(t, sim.Config{Seed: 3, Services: 4}), start.Add(60*24*time.Hour))
	n := float64(len(all))

	calm := mixed(t, sim.Disorder{}, all)
	for k, s := range calm {
		if s.Item != all[k] || s.Delivery != all[k].DeliveryID() {
			t.Fatalf("without disorder place %d holds event %d as %s", k, s.Seq, s.Delivery)
		}
	}
	for _, d := range []sim.Disorder{{Seed: 1, Window: 100, Again: 0.1, Anew: 0.05}, {Seed: 2, Window: -1, Again: 0.1, Anew: 0.05}} {
		out := mixed(t, d, all)
		seen, again, anew, late := map[string]bool{}, 0, 0, 0
		items := map[int64]bool{}
		for _, s := range out {
			switch {
			case s.Delivery != s.DeliveryID():
				anew++
			case seen[s.Delivery]:
				again++
			}
			seen[s.Delivery], items[s.Seq] = true, true
		}
		var latest int64
		for _, s := range out {
			if latest = max(latest, s.Seq); s.Seq < latest {
				late++
			}
			if d.Window >= 0 && latest-s.Seq > int64(d.Window) {
				t.Fatalf("%+v: event %d comes after %d", d, s.Seq, latest)
			}
		}
		if len(items) != len(all) {
			t.Errorf("%+v: %d of %d events arrive", d, len(items), len(all))
		}
		if float64(again) < 0.07*n || float64(again) > 0.13*n || float64(anew) < 0.03*n || float64(anew) > 0.07*n {
			t.Errorf("%+v: of %g events %d came again and %d anew", d, n, again, anew)
		}
		if float64(late) < n/2 {
			t.Errorf("%+v: only %d of %g are out of order", d, late, n)
		}
		if twice := mixed(t, d, all); !slices.Equal(out, twice) {
			t.Errorf("%+v: mixed again it is another stream", d)
		}
	}
	broken := errors.New("broken")
	m := sim.Disorder{}.Mix(func(sim.Sending) error { return broken })
	if err := m.Take(all[0]); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

// However disturbed the stream is, the facts are the same.
func TestDisorderChangesNoFact(t *testing.T) {
	o := organisation(t, sim.Config{Seed: 11, Services: 6, Deployments: 150, Gaming: true})
	until := start.Add(100 * 24 * time.Hour)
	all := items(t, o, until)
	calm := measure(t, all, until)
	disturbed := measureSent(t, mixed(t, sim.Disorder{Seed: 4, Window: -1, Again: 0.1, Anew: 0.1}, all), until)
	a, b := lineup(t, calm), lineup(t, disturbed)
	if !bytes.Equal(a, b) {
		t.Errorf("%d bytes of facts in order, %d in disorder, and they differ", len(a), len(b))
	}
	if len(a) < 10_000 {
		t.Errorf("only %d bytes of facts", len(a))
	}
}

// lineup is every fact as text, sorted.
func lineup(t *testing.T, m measured) []byte {
	t.Helper()
	var b bytes.Buffer
	err := m.org.View(t.Context(), func(tx *store.Tx) error {
		return tx.Facts(func(line string) { b.WriteString(line + "\n") })
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
