package native

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
)

// export writes an event as a sender would: the report with its type, source
// and time.
func export(tb testing.TB, e plimsoll.Event, stated bool) []byte {
	tb.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(e.Body, &fields); err != nil {
		tb.Fatal(err)
	}
	put := func(name string, v any) {
		b, err := json.Marshal(v)
		if err != nil {
			tb.Fatal(err)
		}
		fields[name] = b
	}
	put("type", e.Type)
	put("source", e.Source)
	if stated {
		put("occurred_at", e.OccurredAt)
	}
	body, err := json.Marshal(fields)
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

// samples are bodies of one event each, of many shapes.
func samples() []string {
	var out []string
	for _, x := range complete {
		out = append(out, x[0])
	}
	return append(out,
		`{"service":"s","environment":"e","version":"v","deploy_timestamp":"2026-03-24T09:00:00Z","result":"rollback","deployer":"Ada"}`,
		with(plimsoll.TypeDeployment, `"region":"eu","n":1.50,"ok":true,"none":null,"big":123456789012345678901234567890,"labels":{"x":null,"y":-0.0}`),
		with(plimsoll.TypeDeployment, `"waited_seconds":-0,"version":"\ud800\u00e9\u2028<&>","planned":true`),
		with(plimsoll.TypeDeployment, `"changes":[],"source":"github","occurred_at":"2026-03-24T11:00:00Z"`),
		with(plimsoll.TypeChange, `"pull_request":12,"author_hash":"0a1b2c"`),
		with(plimsoll.TypeChange, `"pull_request":null,"parents":[],"paths":["a b/ü"]`),
		with(plimsoll.TypeAnalysis, `"metrics":[{"b":1e5,"a":[{}]},"x"]`),
		with(plimsoll.TypeAnalysis, `"metrics":{"m":{"b":{"d":1,"c":2},"a":""}}`),
		with(plimsoll.TypeFlag, `"from":null,"to":true`),
		with(plimsoll.TypeService, `"labels":{}`),
	)
}

// shuffled writes a value with its members in another order, other white space
// and other escapes.
func shuffled(tb testing.TB, chance *rand.Rand, raw []byte) []byte {
	tb.Helper()
	space := func() string { return " \n\t\r"[:chance.IntN(5)] }
	var b bytes.Buffer
	b.WriteString(space())
	switch raw[0] {
	case '{':
		fields, err := objectFields(&scanner{body: raw}, nil, "")
		if err != nil {
			tb.Fatal(err)
		}
		chance.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
		b.WriteByte('{')
		for i, f := range fields {
			if i > 0 {
				b.WriteByte(',')
			}
			name, _ := json.Marshal(f.name)
			fmt.Fprintf(&b, "%s%s%s:%s", space(), name, space(), shuffled(tb, chance, f.raw))
		}
		b.WriteByte('}')
	case '[':
		b.WriteByte('[')
		s := &scanner{body: raw}
		n := 0
		if err := s.elements(func() error {
			v, err := s.value()
			if n++; n > 1 {
				b.WriteByte(',')
			}
			b.Write(shuffled(tb, chance, v))
			return err
		}); err != nil {
			tb.Fatal(err)
		}
		b.WriteByte(']')
	case '"':
		for _, c := range string(raw) {
			if c < 0x80 && c != '"' && c != '\\' && chance.IntN(5) == 0 && !bytes.Contains(raw, []byte(`\`)) {
				fmt.Fprintf(&b, `\u%04x`, c)
				continue
			}
			b.WriteRune(c)
		}
	default:
		b.Write(raw)
	}
	b.WriteString(space())
	return b.Bytes()
}

func TestTheOrderOfFieldsAndWhiteSpaceDoNotMatter(t *testing.T) {
	chance := rand.New(rand.NewPCG(3, 4))
	for _, body := range samples() {
		want := one(t, body)
		for range 40 {
			other := string(shuffled(t, chance, []byte(body)))
			if e := one(t, other); e.Hash != want.Hash || !bytes.Equal(e.Body, want.Body) {
				t.Fatalf("%s\n%s\ngives %s\nwant  %s", body, other, e.Body, want.Body)
			}
		}
	}
}

func TestAnEventThatIsExportedIsDecodedToTheSame(t *testing.T) {
	for _, body := range samples() {
		want := one(t, body)
		stated := strings.Contains(body, "occurred_at")
		res := mustDecode(t, string(export(t, want, stated)))
		if e := res.Events[0]; e.Hash != want.Hash || e.Subject != want.Subject || !bytes.Equal(e.Body, want.Body) {
			t.Errorf("%s\nexported gives %s\nwant           %s", body, e.Body, want.Body)
		}
		if len(res.People) > 0 {
			t.Errorf("a reference was taken for a name: %v", res.People)
		}
	}
}

// names are of persons, in the forms in which they are sent.
var names = []string{"Ada Lovelace", "ada@example.com", "Ada Lovelace <ada@example.com>", "ADA", "a-not-a-reference", "p-0123", "0123456789abcdef0123456789abcdef01234567"}

func TestNoNameOfAPersonStandsInAnEvent(t *testing.T) {
	chance := rand.New(rand.NewPCG(5, 6))
	fields := map[plimsoll.Type][]string{
		plimsoll.TypeDeployment: {"deployer"}, plimsoll.TypeChange: append(append([]string{}, authors...), committers...),
		plimsoll.TypePullRequest: append(append([]string{}, authors...), committers...),
	}
	for range 2000 {
		for typ, list := range fields {
			var parts, within []string
			put := func(parts []string, given ...string) []string {
				return append(parts, fmt.Sprintf("%q:%q", given[0], given[1]))
			}
			var sent []string
			for _, f := range list {
				if chance.IntN(2) == 0 {
					name := names[chance.IntN(len(names))]
					sent, parts = append(sent, name), put(parts, f, name)
					if typ == plimsoll.TypeChange {
						within = put(within, f, name)
					}
				}
			}
			if typ == plimsoll.TypeChange {
				parts = append(parts, `"pull_request":{`+strings.Join(append(within, `"number":1`), ",")+"}")
			}
			chance.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
			body := with(typ, strings.Join(append(parts, `"url_of":"x"`)[:max(len(parts), 1)], ","))
			if typ == plimsoll.TypePullRequest {
				body = strings.Replace(body, `,"url_of":"x"`, "", 1)
			}
			res := mustDecode(t, body)
			for _, name := range sent {
				if text := strings.ToLower(fmt.Sprintf("%+v %s", res.Events[0], res.Events[0].Body)); strings.Contains(text, strings.ToLower(name)) {
					t.Fatalf("%s\nholds %q: %s", body, name, text)
				}
			}
			if typ != plimsoll.TypeDeployment && len(res.People) > 0 {
				t.Fatalf("the names of authors are handed on: %v", res.People)
			}
		}
	}
}

// A label is the sender's own text; whoever puts a name there wants it shown.
func TestALabelIsKeptAsItWasSent(t *testing.T) {
	if e := one(t, with(plimsoll.TypeDeployment, `"approved by":"Ada Lovelace"`)); !strings.Contains(string(e.Body), "Ada Lovelace") {
		t.Errorf("the label is gone: %s", e.Body)
	}
}

func TestPseudonymsFollowTheSecretAlone(t *testing.T) {
	body := with(plimsoll.TypeChange, `"author":"Ada <ADA@example.com>"`) + with(plimsoll.TypeDeployment, `"deployer":"Ada"`)
	hashes := map[plimsoll.Hash]int{}
	for _, secret := range []string{"one", "one", "two"} {
		res, err := Decode([]byte(body), Options{Now: received, Pseudonym: pseudonym(secret)})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range res.Events {
			hashes[e.Hash]++
		}
		if len(res.People) != 1 || res.People[pseudonym(secret)("person", "Ada")] != "Ada" {
			t.Errorf("the people are %v", res.People)
		}
	}
	if len(hashes) != 4 {
		t.Errorf("two secrets and two events gave %d contents", len(hashes))
	}
	same := one(t, with(plimsoll.TypeChange, `"author":" ada <ada@EXAMPLE.com> "`))
	if same.Hash != one(t, with(plimsoll.TypeChange, `"author":"Ada <ADA@example.com>"`)).Hash {
		t.Error("an address that differs by case is another author")
	}
	res, err := Decode([]byte(body), Options{Now: received})
	if err != nil || strings.Contains(string(res.Events[0].Body)+string(res.Events[1].Body), "da") {
		t.Errorf("without a secret names must be left out: %s, %v", res.Events[0].Body, err)
	}
}

func TestAnIDFollowsFromWhatItNames(t *testing.T) {
	id := func(body string) string { return one(t, body).Subject }
	D := func(more string) string { return with(plimsoll.TypeDeployment, more) }
	const at = `"started_at":"2026-03-24T09:00:00Z"`
	running := id(D(at + `,"result":"running","version":"v1"`))
	for _, more := range []string{
		at + `,"finished_at":"2026-03-24T10:00:00Z","version":"v1"`, at + `,"version":"v1","result":"failure","labels":{"a":"b"},"team":"t"`,
		`"started_at":"2026-03-24T10:00:00+01:00","version":"v1"`,
	} {
		if got := id(D(more)); got != running {
			t.Errorf("%s names another deployment than its start", more)
		}
	}
	for _, more := range []string{at + `,"version":"v2"`, at, at + `,"version":"v1","commit_sha":"a"`, `"started_at":"2026-03-24T09:00:01Z","version":"v1"`} {
		if got := id(D(more)); got == running {
			t.Errorf("%s names the same deployment", more)
		}
	}
	var ids []string
	for _, body := range []string{
		with(plimsoll.TypeAnalysis, `"name":"a"`), with(plimsoll.TypeAnalysis, `"name":"b"`), with(plimsoll.TypeFlag, `"to":"1"`), with(plimsoll.TypeFlag, `"to":"2"`), D(at),
	} {
		again := id(body)
		if ids = append(ids, id(body)); ids[len(ids)-1] != again {
			t.Errorf("%s has two ids", body)
		}
	}
	slices.Sort(ids)
	if len(slices.Compact(ids)) != 5 {
		t.Errorf("ids are shared: %v", ids)
	}
	exact := strings.Repeat("ü", maxName)
	if id(`{"type":"incident","id":"`+exact+`"}`) != exact {
		t.Error("an id of 200 characters was changed")
	}
}
