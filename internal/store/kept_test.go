package store

import (
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

func TestWhatCouldNotBeDecodedIsNamedForAWeek(t *testing.T) {
	dir := t.TempDir()
	db := mustOpen(t, Options{Dir: dir, Now: func() time.Time { return testTime }})
	o := mustOrg(t, db, "default")
	d := Delivery{Source: "github", DeliveryID: "d-1", Outcome: "undecodable", Body: []byte(`{"body":1}`)}
	mustAppend(t, o, d)
	mustAppend(t, o, d)
	wants(t, look(t, dir, testTime.Add(2*time.Hour)), map[string]string{"sources": "warn github: 2 deliveries of the last 7 days could not be decoded, the last 2 h 0 min ago"})
	if _, text := statusOf(look(t, dir, testTime.Add(8*24*time.Hour)), "sources"); strings.Contains(text, "decoded") {
		t.Errorf("after a week: %s", text)
	}
	mustView(t, o, func(tx *Tx) error {
		k, ok, err := tx.KeptNamed("github", "d-1")
		if !ok || k.Num != 2 || string(k.Body) != `{"body":1}` || k.ReceivedAt != plimsoll.TimeOf(testTime) {
			t.Errorf("%+v, %t", k, ok)
		}
		if _, ok, _ := tx.KeptNamed("gitlab", "d-1"); ok {
			t.Error("the delivery of another source")
		}
		return err
	})
}
