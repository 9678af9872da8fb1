package ingest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/source"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

const aDelivery = `{"job":"shop","target":"production","ended":"2026-05-30T10:00:00Z","by":"ada@example.com"}`

func listen(t *testing.T, door *Door, fields map[string]string, services map[string]string) {
	t.Helper()
	if err := door.Listen(map[string]Hook{"generic": {Unsigned: true, Options: source.Options{Fields: fields, Services: services}}}, nil); err != nil {
		t.Fatal(err)
	}
}

func redecoded(t *testing.T, door *Door, want Redecoded) {
	t.Helper()
	got, err := door.Redecode(t.Context())
	if err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

// What nobody understood, or understood otherwise, becomes the right events once
// somebody does; what is decoded to the same again changes nothing.
func TestWhatIsKeptIsDecodedAgain(t *testing.T) {
	door, org := newDoor(t)
	fields := map[string]string{"type": "=deployment", "id": "job", "service": "job", "finished_at": "ended"}
	listen(t, door, fields, nil)
	out, err := door.Deliver(t.Context(), "generic", "", http.Header{}, Body{Reader: strings.NewReader(aDelivery)})
	if err != nil || out.Outcome != OutcomeUndecodable || !strings.Contains(out.Reason, "environment: missing") {
		t.Fatalf("%+v, %v", out, err)
	}
	if _, err := door.Deliver(t.Context(), "generic", "", http.Header{}, Body{Reader: strings.NewReader("no JSON")}); err != nil {
		t.Fatal(err)
	}
	redecoded(t, door, Redecoded{Deliveries: 2, Undecodable: 2})

	fields["environment"] = "target"
	redecoded(t, door, Redecoded{Deliveries: 2, Events: 1, Undecodable: 1})
	redecoded(t, door, Redecoded{Deliveries: 2, Undecodable: 1})
	log := events(t, org)
	if len(log) != 1 || !strings.Contains(string(log[0].Body), `"service":"shop"`) || log[0].Decoder != "generic/1" {
		t.Fatalf("%+v", log)
	}

	// The same delivery again is another event that is there already.
	if out, err = door.Deliver(t.Context(), "generic", "", http.Header{}, Body{Reader: strings.NewReader(aDelivery)}); err != nil || out.Duplicates != 1 {
		t.Errorf("%+v, %v", out, err)
	}
	if err := door.Listen(nil, nil); err != nil {
		t.Fatal(err)
	}
	redecoded(t, door, Redecoded{Unconfigured: 3})
}

func TestWhatIsDecodedOtherwiseTakesThePlace(t *testing.T) {
	door, org := newDoor(t)
	fields := map[string]string{"type": "=deployment", "id": "job", "service": "job", "finished_at": "ended", "environment": "target"}
	listen(t, door, fields, nil)
	if _, err := door.Deliver(t.Context(), "generic", "", http.Header{}, Body{Reader: strings.NewReader(aDelivery)}); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"checkout", "basket"} {
		listen(t, door, fields, map[string]string{"shop": name})
		redecoded(t, door, Redecoded{Deliveries: 1, Events: 1})
		redecoded(t, door, Redecoded{Deliveries: 1})
		log := events(t, org)
		if len(log) != i+2 || log[i+1].Supersedes != int64(i+1) || !strings.Contains(string(log[i+1].Body), name) {
			t.Errorf("%+v", log)
		}
	}
	err := org.View(t.Context(), func(tx *store.Tx) error {
		kept, err := tx.KeptAfter(0, 9)
		if len(kept) != 1 || strings.Contains(string(kept[0].Body), "ada") {
			t.Errorf("%d kept: %s", len(kept), kept[0].Body)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
