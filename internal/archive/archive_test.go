package archive

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
)

func sample(body string) Event {
	e := Event{Record: plimsoll.Record{RecordedAt: 1_700_000_000_000_001, Event: plimsoll.Event{
		Type: plimsoll.TypeDeployment, SchemaVersion: 1, Subject: "d <1>", Source: "ci", DeliveryID: "push-1", Index: 3,
		OccurredAt: 1_700_000_000_000_000, Actor: "p-1", Decoder: "native/1", Body: []byte(body),
	}}}
	e.Hash = e.ContentHash()
	return e
}

func TestAnEventComesBackAsItWas(t *testing.T) {
	for _, body := range []string{`{}`, `{"id":"d1"}`, `{"log":{"a":[1,2]},"type":"x"}`, `{"a": 1.50,"b":"\u00e9<>&"}`} {
		e := sample(body)
		e.Replaces = plimsoll.Hash{1, 2}
		line, err := AppendEvent(nil, e)
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(line, []byte("\n")); n != 1 || line[len(line)-1] != '\n' {
			t.Errorf("%q is not one line", line)
		}
		v, err := Parse(line)
		if err != nil || !reflect.DeepEqual(v, e) {
			t.Errorf("%s\n got %+v, %v\nwant %+v", line, v, err, e)
		}
	}
	if _, err := AppendEvent(nil, sample(`[]`)); err == nil {
		t.Error("an event without a body was written")
	}
}

func TestTheOtherLinesComeBackAsTheyWere(t *testing.T) {
	for _, v := range []any{
		Header{Type: typeHeader, Format: 1, Events: 5}, Person{Type: typePerson, Ref: "p-1", Name: "Ada"}, Person{Type: typePerson, Ref: "p-2", Erased: true},
		Secret{Type: typeSecret, Name: "author-salt", Value: bytes.Repeat([]byte{7}, 32)}, End{Type: typeEnd, Events: 5},
	} {
		line, err := Append(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Parse(line); err != nil || !reflect.DeepEqual(got, v) {
			t.Errorf("%s: %+v, %v", line, got, err)
		}
		if _, header := v.(Header); IsHeader(line) != header {
			t.Errorf("%s: header %v", line, !header)
		}
	}
	if _, err := Append(nil, 5); err == nil {
		t.Error("a number was written as a line")
	}
}

func TestWhatIsNoLineIsSaid(t *testing.T) {
	for line, says := range map[string]string{
		``:                                 "no complete JSON",
		`{`:                                "no complete JSON",
		`[]`:                               "no complete JSON",
		`{"type":"deployment"}`:            "log is missing",
		`{"type":"deployment","log":null}`: "log is empty",
		`{"type":"deployment","id":"1","log":{}}`:                   "stands before log",
		`{"type":"deployment","log":{"hash":"zz"}}`:                 "is no hash",
		`{"type":"deployment","occurred_at":"yesterday","log":{}}`:  "occurred_at",
		`{"type":"export","format":9}`:                              "format 9",
		`{"type":"person","ref":"p-1"}`:                             "a name or erased",
		`{"type":"person","ref":"p-1","name":"Ada","erased":true}`:  "a name or erased",
		`{"type":"secret","name":"author-salt","value":"c2hvcnQ="}`: "at least 16 bytes",
	} {
		if v, err := Parse([]byte(line)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %+v, %v", line, v, err)
		}
	}
}

// Whatever stands in a line, it is read or refused; what is read is written as
// it was read.
func FuzzParse(f *testing.F) {
	line, err := AppendEvent(nil, sample(`{"id":"d1"}`))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(line)
	f.Add([]byte(`{"type":"end","events":1}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		v, err := Parse(line)
		e, ok := v.(Event)
		if err != nil || !ok {
			return
		}
		again, err := AppendEvent(nil, e)
		if err != nil {
			return // no body
		}
		if back, err := Parse(again); err != nil || !reflect.DeepEqual(back, v) {
			t.Errorf("%q became %q: %+v, %v", line, again, back, err)
		}
	})
}
