package history

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
)

func TestJSONL(t *testing.T) {
	var got []string
	text := "\uFEFF{\"type\":\"deployment\"}\r\n\n  {\"a\": 1} \n \n{\"last\":true}"
	tally, err := JSONL{Name: "x.jsonl", Reader: strings.NewReader(text)}.Run(context.Background(), collect(&got))
	if err != nil || strings.Join(got, " ") != `{"type":"deployment"} {"a": 1} {"last":true}` || tally != (Tally{Lines: 5, Events: 3}) {
		t.Errorf("%v %+v %q", err, tally, got)
	}
}

func TestJSONLBatches(t *testing.T) {
	var sizes []int
	var steps []Progress
	emit := func(_ context.Context, batch []json.RawMessage) error {
		sum := 0
		for _, raw := range batch {
			sum += len(raw)
		}
		if len(batch) > batchEvents || sum > batchBytes {
			t.Errorf("batch of %d events, %d bytes", len(batch), sum)
		}
		sizes = append(sizes, len(batch))
		return nil
	}
	small := strings.Repeat("{}\n", 4100)
	big := strings.Repeat(fmt.Sprintf("{\"x\":%q}\n", strings.Repeat("x", 900<<10)), 9)
	tally, err := JSONL{Reader: strings.NewReader(small + big), Progress: func(p Progress) { steps = append(steps, p) }}.Run(context.Background(), emit)
	if want := "[2000 2000 104 4 1]"; err != nil || fmt.Sprint(sizes) != want || tally.Events != 4109 || len(steps) != 5 || steps[4].Lines != 4109 {
		t.Errorf("%v batches %v, expected %s; %+v", err, sizes, want, steps)
	}
}

func TestJSONLErrors(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		words []string
	}{
		"array":   {"{}\n[\n{}\n]\n", []string{"x.jsonl: line 2", "one JSON object a line"}},
		"pretty":  {"{\n\"a\":1\n}\n", []string{"line 1", "no complete JSON object", "character 1"}},
		"broken":  {"{}\n\n{\"a\":1,}\n", []string{"line 3", "character 8"}},
		"trailer": {"{} {}\n", []string{"line 1"}},
		"long":    {"{}\n{\"a\":\"" + strings.Repeat("x", lineBytes) + "\"}\n", []string{"line 2", "longer"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := JSONL{Name: "x.jsonl", Reader: strings.NewReader(c.text)}.Run(context.Background(), func(context.Context, []json.RawMessage) error { return nil })
			refused(t, err, c.words...)
		})
	}
	_, err := JSONL{Name: "x.jsonl", Reader: strings.NewReader("{}\n\n\n{}\n{}\n")}.Run(context.Background(), func(context.Context, []json.RawMessage) error {
		return plimsoll.FieldErrorf("service", "missing").At(1)
	})
	refused(t, err, "x.jsonl: line 4, service: missing")
}
