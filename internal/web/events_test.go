package web_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/client"
)

const one = `{"type":"deployment","id":"d1","service":"web","environment":"production","version":"v1","finished_at":"2026-05-01T10:00:00Z"}`
const two = `{"type":"deployment","id":"d2","service":"web","environment":"production","version":"v2","finished_at":"2026-05-02T10:00:00Z"}`

func zipped(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestEventsAreTakenInEveryFormThatIsPromised(t *testing.T) {
	for name, c := range map[string]struct {
		body    string
		headers []string
		want    int
	}{
		"an object":                   {one, []string{"Content-Type", "application/json"}, 1},
		"an array":                    {"[" + one + "," + two + "]", []string{"Content-Type", "application/json"}, 2},
		"one object a line":           {one + "\n" + two + "\n", []string{"Content-Type", "application/x-ndjson"}, 2},
		"lines with empty ones":       {"\n" + one + "\r\n\r\n" + two, nil, 2},
		"what curl -d says of itself": {one, []string{"Content-Type", "application/x-www-form-urlencoded"}, 1},
		"gzip":                        {zipped(t, one+"\n"+two), []string{"Content-Encoding", "gzip"}, 2},
		"a byte order mark":           {"\ufeff" + one, nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			if r := s.send(c.body, c.headers...); r.Accepted != c.want || r.Duplicates != 0 || r.Position != int64(c.want) {
				t.Errorf("%+v", r)
			}
			if got := s.ids(url.Values{}); len(got) != c.want {
				t.Errorf("deployments %v", got)
			}
		})
	}
}

func TestARequestIsTakenWholeOrNotAtAll(t *testing.T) {
	s := start(t)
	e := s.refused(s.ask("POST", "/api/v1/events", strings.NewReader("["+one+","+two+`,{"type":"deployment","service":"web"}]`)), 400, "invalid")
	if e.Error.Index == nil || *e.Error.Index != 2 || e.Error.Field != "environment" {
		t.Errorf("%+v", e)
	}
	if got := s.ids(url.Values{}); len(got) != 0 {
		t.Errorf("stored %v of a request that was refused", got)
	}
	var ready struct{ Log int64 }
	s.get("/readyz", &ready)
	if ready.Log != 0 {
		t.Errorf("the log holds %d events", ready.Log)
	}
}

func TestTheSameContentIsADuplicateAndOtherContentAnUpdate(t *testing.T) {
	s := start(t)
	s.send(one)
	if r := s.send(one); r.Accepted != 0 || r.Duplicates != 1 || r.Position != 1 {
		t.Errorf("repeated: %+v", r)
	}
	if r := s.send("[" + one + "," + two + "]"); r.Accepted != 1 || r.Duplicates != 1 || r.Position != 2 {
		t.Errorf("half repeated: %+v", r)
	}
	if r := s.send(strings.Replace(one, `"v1"`, `"v1","result":"failure"`, 1)); r.Accepted != 1 {
		t.Errorf("updated: %+v", r)
	}
	var d struct {
		Result   string
		Position int64
	}
	s.get("/api/v1/deployments/d1", &d)
	if d.Result != "failure" || d.Position != 3 {
		t.Errorf("%+v", d)
	}
}

func TestADeliveryIDIsTakenOnce(t *testing.T) {
	s := start(t)
	key := []string{"Idempotency-Key", "job 17/1"}
	s.send(one+"\n"+two, key...)
	if r := s.send(one+"\n"+two, key...); r.Accepted != 0 || r.Duplicates != 2 {
		t.Errorf("again: %+v", r)
	}
	e := s.refused(s.ask("POST", "/api/v1/events", strings.NewReader(one+"\n"+strings.Replace(two, "v2", "v3", 1)), key...), 409, "conflict")
	if e.Error.Index == nil || *e.Error.Index != 1 || !strings.Contains(e.Error.Message, "job 17/1") {
		t.Errorf("%+v", e)
	}
	named := `{"delivery_id":"x1",` + one[1:]
	if r := s.send(named); r.Accepted != 1 {
		t.Errorf("named by a field: %+v", r)
	}
	if r := s.send(named); r.Duplicates != 1 {
		t.Errorf("again: %+v", r)
	}
	s.refused(s.ask("POST", "/api/v1/events", strings.NewReader(strings.Replace(named, "v1", "v4", 1))), 409, "conflict")
	s.refused(s.ask("POST", "/api/v1/events", strings.NewReader(one), "Idempotency-Key", strings.Repeat("k", 201)), 400, "invalid")
}

// endless is a body of events that never ends of itself and counts what was
// read of it.
type endless struct{ read, limit int }

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, strings.Repeat(" ", min(len(p), 64<<10)))
	if e.read += n; e.read > e.limit {
		return n, fmt.Errorf("the server goes on reading after %d bytes", e.read)
	}
	return n, nil
}

func TestWhatIsTooLargeIsRefusedBeforeItIsRead(t *testing.T) {
	s := start(t)
	s.http.Timeout = 20 * time.Second
	for name, headers := range map[string][]string{
		"with its length": {"Expect", "100-continue"},
		"in chunks":       nil,
	} {
		t.Run(name, func(t *testing.T) {
			// What lies in the buffers of the connection has been read from the
			// sender and not by the server.
			body := &endless{limit: 64 << 20}
			s.refused(s.askSized(body, headers), 413, "too_large")
		})
	}
	t.Run("a little too large", func(t *testing.T) {
		big := `{"type":"deployment","title":"` + strings.Repeat("x", 10<<20) + `"}`
		s.refused(s.ask("POST", "/api/v1/events", strings.NewReader(big)), 413, "too_large")
	})
	t.Run("once it is unpacked", func(t *testing.T) {
		bomb := zipped(t, strings.Repeat(" ", 40<<20))
		s.refused(s.ask("POST", "/api/v1/events", strings.NewReader(bomb), "Content-Encoding", "gzip"), 413, "too_large")
	})
	t.Run("in number", func(t *testing.T) {
		s.refused(s.ask("POST", "/api/v1/events", strings.NewReader(strings.Repeat(one+"\n", 10_001))), 413, "too_large")
	})
	var ready struct{ Log int64 }
	s.get("/readyz", &ready)
	if ready.Log != 0 {
		t.Errorf("the log holds %d events", ready.Log)
	}
}

func TestABodyOfJustTheBoundIsTaken(t *testing.T) {
	s := start(t)
	if r := s.send(one + strings.Repeat(" ", 10<<20-len(one))); r.Accepted != 1 {
		t.Errorf("%+v", r)
	}
}

func TestEachMistakeInAnEventIsNamed(t *testing.T) {
	s := start(t)
	const head = `{"type":"deployment","service":"web","environment":"production",`
	for name, c := range map[string]struct{ body, field, says string }{
		"no JSON":                {"deployed!", "", "JSON"},
		"nothing":                {"", "", "no event"},
		"an empty array":         {"[]", "", "no event"},
		"no object":              {"[1]", "", "object"},
		"half an object":         {`{"type":"deployment"`, "", "JSON"},
		"no UTF-8":               {"{\"type\":\"\xff\"}", "", "UTF-8"},
		"unknown type":           {`{"type":"deploymnt","service":"web"}`, "type", "did you mean deployment"},
		"a missing field":        {`{"type":"deployment","environment":"production","finished_at":"2026-05-01T10:00:00Z"}`, "service", "missing"},
		"no time":                {head + `"version":"v1"}`, "finished_at", "needs started_at or finished_at"},
		"a near miss":            {head + `"finishd_at":"2026-05-01T10:00:00Z"}`, "finishd_at", "did you mean finished_at"},
		"the far future":         {head + `"finished_at":"2026-06-01T14:00:00Z"}`, "finished_at", "in the future"},
		"before its start":       {head + `"started_at":"2026-05-02T10:00:00Z","finished_at":"2026-05-01T10:00:00Z"}`, "finished_at", "before started_at"},
		"an unknown result":      {head + `"finished_at":"2026-05-01T10:00:00Z","result":"succes"}`, "result", "success"},
		"a time that is none":    {head + `"finished_at":"yesterday"}`, "finished_at", "RFC 3339"},
		"a list over many lines": {head + "\"finished_at\":[\n1,\n2]}", "finished_at", ""},
		"a broken gzip":          {"plain", "", "gzip"},
	} {
		t.Run(name, func(t *testing.T) {
			var headers []string
			if strings.Contains(name, "gzip") {
				headers = []string{"Content-Encoding", "gzip"}
			}
			e := s.refused(s.ask("POST", "/api/v1/events", strings.NewReader(c.body), headers...), 400, "invalid")
			if e.Error.Field != c.field || !strings.Contains(e.Error.Message, c.says) {
				t.Errorf("%+v", e.Error)
			}
			if c.field != "" && (e.Error.Index == nil || *e.Error.Index != 0 || !strings.HasPrefix(e.Error.Message, c.field+": ")) {
				t.Errorf("%+v", e.Error)
			}
		})
	}
	s.refused(s.ask("POST", "/api/v1/events", strings.NewReader(one), "Content-Encoding", "br"), 400, "invalid")
	if got := s.ids(url.Values{}); len(got) != 0 {
		t.Errorf("stored %v", got)
	}
}

func TestTheGoClientSendsAndAsks(t *testing.T) {
	s := start(t)
	c, err := client.New(s.url, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Send(t.Context(), []json.RawMessage{json.RawMessage(one), json.RawMessage(two)})
	if err != nil || r.Accepted != 2 || r.Position != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	m, err := c.Measures(t.Context(), url.Values{"from": {"2026-05-01"}, "to": {"2026-06-01"}})
	if err != nil || m.DeploymentFrequency.Deployments != 2 || m.Position != 2 {
		t.Errorf("%+v, %v", m, err)
	}
	_, err = c.Send(t.Context(), []json.RawMessage{json.RawMessage(one), json.RawMessage(`{"type":"deployment"}`)})
	if err == nil || err.Error() != "event 1: service: missing; it is required" {
		t.Errorf("error %v", err)
	}
}
