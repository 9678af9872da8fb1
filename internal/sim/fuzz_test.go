package sim_test

import (
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/sim"
	"github.com/plimsoll-dev/plimsoll/internal/source/native"
)

// Whatever organisation is asked for: it is refused, or its stream is in order,
// is taken by the door in, and the truth knows every roll-out in it.
func FuzzOrganisation(f *testing.F) {
	f.Add(uint64(1), uint16(5), uint8(2), float64(200), float64(3), 0.2, 0.5, float64(2), float64(10), true)
	f.Add(uint64(2), uint16(9), uint8(1), float64(900), 0.6, 0.9, float64(1), float64(-1), float64(-1), false)
	f.Fuzz(func(t *testing.T, seed uint64, services uint16, teams uint8, deployments, changes, flaws, named, outside, flags float64, gaming bool) {
		cfg := sim.Config{
			Seed: seed, Start: start, End: start.Add(50 * 24 * time.Hour), Services: int(services % 12), Teams: int(teams % 5), Deployments: deployments, Changes: changes,
			FlawShare: flaws, Named: named, Outside: outside, Flags: flags, Gaming: gaming,
		}
		o, err := sim.New(cfg)
		if err != nil {
			if plimsoll.ErrorCode(err) != plimsoll.CodeInvalid {
				t.Error(err)
			}
			return
		}
		var last plimsoll.Time
		var body []byte
		n := 0
		rolled := map[string]bool{}
		err = o.Until(plimsoll.Forever, func(i *sim.Item) error {
			if i.At < last || i.At > cfg.End {
				t.Errorf("event %d at %s after one at %s", i.Seq, i.At, last)
			}
			last = i.At
			if d := i.Deployment; d != nil && d.Environment != "staging" && d.FinishedAt.Known() {
				rolled[d.ID] = true
			}
			if n++; n <= native.MaxEvents {
				body = append(i.AppendJSON(body, i.DeliveryID()), '\n')
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			t.Fatal("nothing is reported, not even the services")
		}
		if _, err := native.Decode(body, native.Options{Now: cfg.End, Pseudonym: func(_, name string) string { return name }}); err != nil {
			t.Error(err)
		}
		for id := range rolled {
			if o.Truth().Deployment(id) == nil {
				t.Errorf("nobody knows the truth of %s", id)
			}
		}
	})
}
