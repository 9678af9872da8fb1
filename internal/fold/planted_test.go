package fold

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// The comparison of tellings must find the faults it is there for. Each of
// these turns the records into what a fold with that fault would have seen;
// the fold itself is the shipped one.
var planted = map[string]func(told []plimsoll.Event) []plimsoll.Event{
	// Of reports that are equal in time, rank and stage the one that arrived
	// last wins: arrival takes the place of the content.
	"ties are broken by arrival": func(told []plimsoll.Event) []plimsoll.Event {
		for i := range told {
			told[i].DeliveryID = fmt.Sprint("arrived ", i)
			binary.BigEndian.PutUint64(told[i].Hash[:], uint64(i))
		}
		return told
	},
	// Of several reports about one subject the one that arrived last is lost.
	"an update is dropped": func(told []plimsoll.Event) []plimsoll.Event {
		heard := map[subject]plimsoll.Hash{}
		for i, e := range told {
			k := subject{e.Type, e.Subject}
			if first, ok := heard[k]; ok && first != e.Hash && e.Type == plimsoll.TypeDeployment {
				return slices.Delete(told, i, i+1)
			}
			heard[k] = e.Hash
		}
		return told
	},
	// A delivery that comes twice is taken for two things.
	"a double delivery counts twice": func(told []plimsoll.Event) []plimsoll.Event {
		heard := map[plimsoll.Hash]bool{}
		for i, e := range told {
			if e.Type == plimsoll.TypeDeployment && heard[e.Hash] {
				told[i].Subject += " again"
				told[i].Body = withID(e.Body, told[i].Subject)
				told[i].DeliveryID = "again"
				return told
			}
			heard[e.Hash] = true
		}
		return told
	},
	// What comes after a later event is passed over, as by a cursor in time.
	"a late event is passed over": func(told []plimsoll.Event) []plimsoll.Event {
		for i := 1; i < len(told); i++ {
			if told[i].Type == plimsoll.TypeDeployment && told[i].OccurredAt < told[i-1].OccurredAt {
				return slices.Delete(told, i, i+1)
			}
		}
		return told
	},
}

func withID(body []byte, id string) []byte {
	var f map[string]any
	if json.Unmarshal(body, &f) == nil {
		f["id"] = id
		body, _ = json.Marshal(f)
	}
	return body
}

func TestPlantedFaultsAreFound(t *testing.T) {
	const most = 60
	db := mustOpen(t, store.Options{})
	for name, plant := range planted {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(most) {
				w := newWorld(t, seed)
				want, err := play(mustOrg(t, db, fmt.Sprintf("%s %d", name, seed)), db, says(w.events...))
				if err != nil {
					t.Fatal(err)
				}
				told := slices.Clone(w.events)
				told = append(told, w.events[:20]...)
				told = append(told, w.events[len(w.events)/2:]...)
				rand.New(rand.NewPCG(seed, 3)).Shuffle(len(told), func(i, j int) { told[i], told[j] = told[j], told[i] })
				got, err := play(mustOrg(t, db, fmt.Sprintf("%s %d told", name, seed)), db, says(plant(told)...))
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(want, got) {
					t.Logf("found in world %d", seed)
					return
				}
			}
			t.Errorf("not found in %d worlds", most)
		})
	}
}
