package native

import (
	"fmt"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
)

const (
	first  = `{"type":"incident","id":"i-1"}`
	second = `{"type":"incident","id":"i-2","title":"a"}`
)

func TestABodyIsOneObjectOrAnArrayOrObjectsOneAfterTheOther(t *testing.T) {
	for name, body := range map[string]string{
		"array":                      "[" + first + "," + second + "]",
		"array with white space":     " [\r\n\t" + first + " ,\n " + second + "\n] \n",
		"lines":                      first + "\n" + second + "\n",
		"lines without a last break": first + "\n" + second,
		"CRLF lines":                 first + "\r\n" + second + "\r\n",
		"empty lines":                "\n\n" + first + "\n \n\n" + second + "\n\n",
		"no break at all":            first + second,
		"byte order mark":            "\ufeff" + first + "\n" + second,
		"byte order mark and array":  "\ufeff[" + first + "," + second + "]",
		"pretty-printed":             strings.NewReplacer("{", "{\n  ", ",", ",\n  ", ":", " : ", "}", "\n}\n").Replace(first + second),
		"arrays and objects":         "[" + first + "]\n" + second + "[]",
		"mixed white space":          "\t \r\n" + first + "\t\r \n" + second + " ",
	} {
		res := mustDecode(t, body)
		if len(res.Events) != 2 || res.Events[0].Subject != "i-1" || res.Events[1].Subject != "i-2" {
			t.Errorf("%s: %+v", name, res.Events)
		}
	}
	one(t, "\ufeff"+first)
}

func TestABodyThatIsNoEventsNamesTheLine(t *testing.T) {
	for body, says := range map[string]string{
		"":                             "no event",
		" \n\t\r\n":                    "no event",
		"[]":                           "no event",
		"[][]\n[]":                     "no event",
		"\ufeff":                       "no event",
		"null":                         "null is not an event",
		"1":                            "1 is not an event",
		`"text"`:                       `"text" is not an event`,
		"[1]":                          "1 is not an event",
		"[" + first + ",[]]":           "[] is not an event",
		"{":                            "line 1 is not JSON",
		first + "\n{\"type\":}":        "line 2 is not JSON: '}' stands where a value is expected",
		first + "\n\n" + first + "\nx": "line 4 is not JSON: 'x' stands",
		"[" + first + ",\n]":           "line 2 is not JSON",
		"[" + first:                    "it ends where , or ] is expected",
		first + "," + second:           "',' stands where",
		"{'type':'incident'}":          "a name in quotes",
		`{"type":"incident",}`:         "a name in quotes",
		`{"a":1 "b":2}`:                ", or }",
		`{"a" 1}`:                      "':' is expected",
		`{"a":01}`:                     "'1' stands",
		`{"a":1.}`:                     "a digit",
		`{"a":.5}`:                     "a value",
		`{"a":1e}`:                     "a digit",
		`{"a":-}`:                      "a digit",
		`{"a":+1}`:                     "a value",
		`{"a":NaN}`:                    "a value",
		`{"a":nul}`:                    "a value",
		`{"a":"` + "\n" + `"}`:         "control character",
		`{"a":"` + "\x00" + `"}`:       "control character",
		`{"a":"\x"}`:                   "an escape",
		`{"a":"\u12g4"}`:               "a hexadecimal digit",
		`{"a":"abc`:                    "the end of a string",
		`{"a":"abc\`:                   "an escape",
		first + "\x00":                 "is not JSON",
		"<html>":                       "'<' stands where",
		"{\"a\":\"\xff\"}":             "not UTF-8",
		"\xfe\xff\x00{":                "not UTF-8",
	} {
		if says == "':' is expected" {
			says = ": is expected"
		}
		e := refused(t, body, options())
		if e.Code != plimsoll.CodeInvalid || !strings.Contains(e.Message, says) {
			t.Errorf("%q: %v, want %q", body, e, says)
		}
	}
}

func TestTheFirstBadEventIsNamed(t *testing.T) {
	bad := `{"type":"incident"}`
	for body, index := range map[string]int{
		bad: 0, first + bad: 1, "[" + first + "," + second + "," + bad + "," + bad + "]": 2, first + "[" + second + "]" + bad: 2, first + "\n{": 1,
	} {
		if e := refused(t, body, options()); e.Index != index {
			t.Errorf("%s: index %d, want %d", body, e.Index, index)
		}
	}
}

func TestTheBoundsOfABody(t *testing.T) {
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `{"type":"incident","id":"i-%d"}`+"\n", i)
		}
		return b.String()
	}
	if n := len(mustDecode(t, many(MaxEvents)).Events); n != MaxEvents {
		t.Errorf("%d events", n)
	}
	if e := refused(t, many(MaxEvents+1), options()); e.Code != plimsoll.CodeTooLarge || e.Index != -1 {
		t.Errorf("one event too many: %v", e)
	}
	deep := func(levels int) string { // of the object and what is in it
		n := levels - 1
		return `{"type":"analysis","service":"s","environment":"e","phase":"failed","metrics":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}"
	}
	one(t, deep(maxDepth))
	one(t, "["+deep(maxDepth-1)+"]")
	for _, body := range []string{deep(maxDepth + 1), "[" + deep(maxDepth) + "]", strings.Repeat("[", 1_000_000), strings.Repeat(`{"a":`, 1_000_000)} {
		if e := refused(t, body, options()); !strings.Contains(e.Message, "nested more than 8 levels") {
			t.Errorf("%.60s: %v", body, e)
		}
	}
	fields := func(n int) string {
		var b strings.Builder
		for i := range n - 2 {
			fmt.Fprintf(&b, `,"label number %d":%d`, i, i)
		}
		return `{"type":"incident","id":"i-1"` + b.String() + "}"
	}
	one(t, fields(maxFields))
	if e := refused(t, fields(maxFields+1), options()); !strings.Contains(e.Message, "at most 100") {
		t.Errorf("%v", e)
	}
	labels := func(n, more int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"l%d":"",`, i)
		}
		return `{"type":"incident","id":"i-1","labels":{` + strings.TrimSuffix(b.String(), ",") + `}` + strings.Repeat(`,"beside":1`, more) + `}`
	}
	one(t, labels(maxFields, 0))
	one(t, labels(maxFields-1, 1))
	refused(t, labels(maxFields+1, 0), options())
	if e := refused(t, labels(maxFields, 1), options()); e.Field != "labels" || !strings.HasPrefix(e.Message, "101 labels") {
		t.Errorf("%v", e)
	}
}

func TestUnknownFieldsAreCheckedAgainstABoundedNumberOfNames(t *testing.T) {
	body := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `{"type":"incident","id":"i-%d","label number %d":1,"the same":2}`, i, i)
		}
		return b.String()
	}
	mustDecode(t, body(maxUnknown-1))
	if e := refused(t, body(maxUnknown), options()); e.Index != maxUnknown-1 || !strings.Contains(e.Message, "put labels into the field labels") {
		t.Errorf("%v", e)
	}
}

func TestTheNameOfADeliveryCountsItsEvents(t *testing.T) {
	opt := options()
	opt.DeliveryID = "push-1"
	body := first + second + `{"type":"incident","id":"i-3","delivery_id":"own"}` + `{"type":"incident","id":"i-4","delivery_id":"own"}` +
		`{"type":"incident","id":"i-5","delivery_id":"own","source":"pager"}` + `{"type":"incident","id":"i-6","delivery_id":"push-1"}`
	res, err := Decode([]byte(body), opt)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range res.Events {
		got = append(got, fmt.Sprintf("%s/%s/%d", e.Source, e.DeliveryID, e.Index))
	}
	if want := "api/push-1/0 api/push-1/1 api/own/0 api/own/1 pager/own/0 api/push-1/5"; strings.Join(got, " ") != want {
		t.Errorf("got  %v\nwant %s", got, want)
	}
	if e := one(t, first); e.DeliveryID != "" || e.Index != 0 {
		t.Errorf("a delivery without a name: %+v", e)
	}
}
