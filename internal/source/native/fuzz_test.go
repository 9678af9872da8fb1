package native

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
)

func FuzzDecode(f *testing.F) {
	for _, body := range samples() {
		f.Add([]byte(body))
	}
	f.Add([]byte("\ufeff[" + first + "," + second + "]\r\n" + first))
	f.Add([]byte(`{"type":"service","name":"a","labels":{"a":1e5}}{"type":"flag","key":"k","environment":"e","from":[`))
	f.Fuzz(func(t *testing.T, body []byte) {
		res, err := Decode(body, options())
		if err != nil {
			var e *plimsoll.Error
			if !errors.As(err, &e) {
				t.Fatalf("%T: %v", err, err)
			}
			if strings.ContainsAny(e.Error(), "\n\r") || len(e.Error()) > 2000 || len(res.Events) > 0 {
				t.Fatalf("%d characters, %d events: %q", len(e.Error()), len(res.Events), e.Error())
			}
			return
		}
		for _, want := range res.Events {
			if !json.Valid(want.Body) || want.Subject == "" || want.Type == "" || len(want.Body) > 8*len(body)+1000 {
				t.Fatalf("the event is %+v, its body %s", want, want.Body)
			}
			stated := want.OccurredAt != received // else the time may be that of receipt
			e := one(t, string(export(t, want, stated)))
			if !bytes.Equal(e.Body, want.Body) || stated && e.Hash != want.Hash {
				t.Fatalf("exported again:\n%s\nwas:\n%s", e.Body, want.Body)
			}
		}
	})
}
