package vendors

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/source"
	"github.com/plimsoll-dev/plimsoll/internal/source/native"
)

const secret = "whsec_dGhlIHNlY3JldCBvZiB0aGUgaG9vaw=="

var now = plimsoll.TimeOf(time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC))

// sample is a delivery of a tool.
type sample struct {
	name   string
	header http.Header
	body   []byte
}

// samplesOf reads the deliveries of the folder testdata of a source.
func samplesOf(t testing.TB, folder string, header func(name string, body []byte) http.Header) []sample {
	paths, err := filepath.Glob(filepath.Join("..", folder, "*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: no deliveries, %v", folder, err)
	}
	var out []sample
	for _, p := range paths {
		body, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		name, _, _ := strings.Cut(filepath.Base(p), ".")
		out = append(out, sample{folder + "/" + filepath.Base(p), header(name, body), body})
	}
	return out
}

func hexMAC(body []byte) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write(body)
	return hex.EncodeToString(m.Sum(nil))
}

func standard(h http.Header, body []byte) {
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	stamp := "1780315200" // now
	m := hmac.New(sha256.New, key)
	m.Write([]byte("msg_1." + stamp + "."))
	m.Write(body)
	h.Set("Webhook-Id", "msg_1")
	h.Set("Webhook-Timestamp", stamp)
	h.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(m.Sum(nil)))
}

// kit is what a test must know of a source.
type kit struct {
	samples func(t testing.TB) []sample
	sign    func(h http.Header, body []byte)
	ignored sample // fine and of no interest
	options source.Options
}

var kits = map[string]kit{
	"github": {
		samples: func(t testing.TB) []sample {
			return samplesOf(t, "github/testdata", func(name string, _ []byte) http.Header {
				return http.Header{"X-Github-Event": {name}, "X-Github-Delivery": {"72d3162e-cc78-11e3-81ab-4c9367dc0958"}}
			})
		},
		sign:    func(h http.Header, body []byte) { h.Set("X-Hub-Signature-256", "sha256="+hexMAC(body)) },
		ignored: sample{header: http.Header{"X-Github-Event": {"star"}}, body: []byte(`{"action":"created"}`)},
		options: source.Options{Releases: "production", IncidentLabels: []string{"bug"}, Branches: []string{"*"}},
	},
}

func init() {
	kits["gitlab"] = kit{
		samples: func(t testing.TB) []sample {
			return samplesOf(t, "gitlab/testdata", func(name string, _ []byte) http.Header { return http.Header{"X-Gitlab-Event": {name}} })
		},
		sign:    func(h http.Header, _ []byte) { h.Set("X-Gitlab-Token", secret) },
		ignored: sample{header: http.Header{}, body: []byte(`{"object_kind":"wiki_page"}`)},
		options: source.Options{Releases: "production", IncidentLabels: []string{"API"}, Branches: []string{"*"}, Deployments: []source.Rule{{Job: "*", As: "production"}}},
	}
	bare := func(folder string) func(t testing.TB) []sample {
		return func(t testing.TB) []sample {
			return samplesOf(t, folder, func(string, []byte) http.Header { return http.Header{} })
		}
	}
	kits["alertmanager"] = kit{
		samples: bare("alerts/testdata/alertmanager"),
		sign:    func(h http.Header, _ []byte) { h.Set("Authorization", "Bearer "+secret) },
		ignored: sample{header: http.Header{}, body: []byte(`{"version":"4","alerts":[{"labels":{"severity":"info"}}]}`)},
	}
	kits["pagerduty"] = kit{
		samples: bare("alerts/testdata/pagerduty"),
		sign: func(h http.Header, body []byte) {
			h.Set("X-PagerDuty-Signature", "v1="+strings.Repeat("0", 64)+",v1="+hexMAC(body))
		},
		ignored: sample{header: http.Header{}, body: []byte(`{"event":{"event_type":"pagey.ping"}}`)},
	}
	kits["incident.io"] = kit{
		samples: bare("alerts/testdata/incident.io"), sign: standard,
		ignored: sample{header: http.Header{}, body: []byte(`{"event_type":"public_incident.follow_up_created_v1"}`)},
	}
	kits["cdevents"] = kit{
		samples: bare("cdevents/testdata"),
		sign:    func(h http.Header, _ []byte) { h.Set("Authorization", "Bearer "+secret) },
		ignored: sample{header: http.Header{"Ce-Type": {"dev.cdevents.testcaserun.queued.0.2.0"}}, body: []byte(`{"context":{}}`)},
	}
	kits["gitea"] = kit{
		samples: func(t testing.TB) []sample {
			return samplesOf(t, "gitea/testdata", func(name string, _ []byte) http.Header { return http.Header{"X-Gitea-Event": {name}} })
		},
		sign:    func(h http.Header, body []byte) { h.Set("X-Gitea-Signature", hexMAC(body)) },
		ignored: sample{header: http.Header{"X-Gitea-Event": {"fork"}}, body: []byte(`{}`)},
		options: source.Options{Releases: "production"},
	}
	kits["generic"] = kit{
		samples: bare("generic/testdata"),
		sign:    func(h http.Header, _ []byte) { h.Set("Authorization", "Bearer "+secret) },
		ignored: sample{header: http.Header{}, body: []byte(`{"build":{"status":"QUEUED"}}`)},
		options: source.Options{
			Fields: map[string]string{
				"type": "=deployment", "id": "build.url", "service": "build.project", "environment": "build.target", "commit_sha": "build.revision",
				"started_at": "build.started", "finished_at": "build.finished", "result": "build.status", "deployer": "user",
			},
			Values: map[string]string{"SUCCESS": "success"}, When: map[string][]string{"build.status": {"SUCCESS", "FAILURE"}},
		},
	}
}

func pseudonym(kind, name string) string {
	sum := sha256.Sum256([]byte(kind + "\x00" + name))
	return kind[:1] + "-" + hex.EncodeToString(sum[:10])
}

// take does with a delivery what the door does.
func take(s source.Source, x sample, o source.Options) (scrubbed []byte, events []plimsoll.Event, err error) {
	out, err := s.Persons.Scrub(x.body, pseudonym)
	if err != nil {
		return nil, nil, err
	}
	reports, err := s.Decode(source.Delivery{Header: s.Kept(x.header), Body: out.Body, ReceivedAt: now, Options: &o})
	if err != nil || len(reports) == 0 {
		return out.Body, nil, err
	}
	for _, r := range reports {
		r["source"] = s.Name
		r.Clean()
	}
	body, err := json.Marshal(reports)
	if err != nil {
		return out.Body, nil, err
	}
	res, err := native.Decode(body, native.Options{Now: now, Pseudonym: pseudonym})
	if err != nil {
		err = errors.New(err.Error() + "\n" + string(body))
	}
	return out.Body, res.Events, err
}

func TestEverySourceHasAKit(t *testing.T) {
	for _, s := range All() {
		if k, ok := kits[s.Name]; !ok || k.samples == nil || k.sign == nil {
			t.Errorf("%s is not tested: give it a kit", s.Name)
		}
		if !strings.HasPrefix(s.Decoder, s.Name+"/") || s.ID == nil || s.Decode == nil || s.Verify == nil {
			t.Errorf("%s is not whole", s.Name)
		}
	}
}

func TestASignatureCountsOnlyIfItIsRight(t *testing.T) {
	for _, s := range All() {
		k := kits[s.Name]
		for _, x := range k.samples(t)[:1] {
			check := func(what string, want bool, secrets []string, h http.Header, body []byte) {
				if got := s.Verify(secrets, h, body, now); got != want {
					t.Errorf("%s: %s: %v", s.Name, what, got)
				}
			}
			signed := x.header.Clone()
			k.sign(signed, x.body)
			check("the secret", true, []string{secret}, signed, x.body)
			check("the new and the old secret", true, []string{"another secret", secret}, signed, x.body)
			check("another secret", false, []string{"another secret"}, signed, x.body)
			check("no secret", false, nil, signed, x.body)
			check("no signature", false, []string{secret}, x.header, x.body)
			for name := range signed {
				if _, was := x.header[name]; was {
					continue
				}
				for _, bad := range []string{"", "x", strings.ToUpper(signed.Get(name)) + "0", strings.Repeat("a", 9000), "sha256=", "v1=", "v1,", "Bearer "} {
					h := signed.Clone()
					h.Set(name, bad)
					check(name+" "+bad[:min(9, len(bad))], false, []string{secret}, h, x.body)
				}
			}
		}
	}
}

var anAddress = regexp.MustCompile(`[\w.+-]+@[\w-]+\.[a-z]{2,}`)

func TestNothingOfAPersonIsKept(t *testing.T) {
	for _, s := range All() {
		for _, x := range kits[s.Name].samples(t) {
			kept, events, err := take(s, x, kits[s.Name].options)
			if err != nil && !source.IsIgnored(err) {
				t.Errorf("%s: %v", x.name, err)
				continue
			}
			texts := []string{string(kept)}
			for _, e := range events {
				texts = append(texts, string(e.Body))
			}
			for _, text := range texts {
				if found := anAddress.FindString(text); found != "" {
					t.Errorf("%s: keeps the address %s", x.name, found)
				}
				for _, name := range people(x.body) {
					// In the examples of Gitea everything is called example, also what
					// is no person.
					if name != "example" && name != "" && strings.Contains(text, `"`+name+`"`) {
						t.Errorf("%s: keeps the name %s", x.name, name)
					}
				}
			}
			// What is kept says the same as what came.
			again, same, err2 := take(s, sample{x.name, x.header, kept}, kits[s.Name].options)
			if string(again) != string(kept) || (err == nil) != (err2 == nil) || len(same) != len(events) {
				t.Errorf("%s: decoded again it is something else: %v, %v", x.name, err, err2)
				continue
			}
			for i := range same {
				if same[i].Hash != events[i].Hash {
					t.Errorf("%s: decoded again: %s\nfirst: %s", x.name, same[i].Body, events[i].Body)
				}
			}
		}
	}
}

// people lists the names of persons in a delivery.
func people(body []byte) (out []string) {
	var walk func(key string, v any)
	walk = func(key string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, person := range []string{"login", "username", "email"} {
				if name, ok := v[person].(string); ok && !strings.HasSuffix(name, "[bot]") && v["type"] != "Bot" {
					out = append(out, name)
					if full, ok := v["name"].(string); ok {
						out = append(out, full)
					}
				}
			}
			for k, x := range v {
				walk(k, x)
			}
		case []any:
			for _, x := range v {
				walk(key, x)
			}
		case string:
			switch key {
			case "user_name", "user_username", "user_email", "author_name", "author_email":
				out = append(out, v)
			}
		}
	}
	var v any
	if json.Unmarshal(body, &v) == nil {
		walk("", v)
	}
	return out
}

func TestWhatIsOfNoInterestIsFine(t *testing.T) {
	for _, s := range All() {
		k := kits[s.Name]
		if k.ignored.body == nil {
			continue
		}
		if _, events, err := take(s, k.ignored, k.options); !source.IsIgnored(err) || len(events) > 0 {
			t.Errorf("%s: %v, %d events", s.Name, err, len(events))
		}
	}
}

// hostile are bodies that nobody sends who means well.
func hostile() [][]byte {
	deep := strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20000)
	return [][]byte{
		nil, {}, []byte("null"), []byte("[]"), []byte("{}"), []byte("1"), []byte(`"text"`), []byte("{"), []byte("\xff\xfe\x00"), []byte(`{"a":1}{"b":2}`),
		[]byte(deep), []byte(strings.Repeat("[", 100000)), []byte(`{"a":"` + strings.Repeat("x", 1<<20) + `"}`), []byte(`{"a":1e999}`), []byte(`{"\u0000":"\u0000"}`),
		[]byte("payload=%7B%7D"), []byte(`[{"object_kind":1,"event":[],"alerts":{},"action":{},"deployment":"x","commits":7}]`),
	}
}

func TestHostileBodiesAreRefusedOrIgnored(t *testing.T) {
	first := map[string]string{}
	for _, s := range All() {
		k := kits[s.Name]
		for _, x := range k.samples(t) {
			if first[s.Name] == "" {
				first[s.Name] = x.name
			}
			for i, body := range hostile() {
				if len(body) > 10000 && first[s.Name] != x.name {
					continue // what is large is refused before anybody asks what it is
				}
				if _, events, err := take(s, sample{x.name, x.header, body}, k.options); err == nil && len(events) > 0 {
					t.Errorf("%s: body %d gives events: %.100s", x.name, i, body)
				}
			}
			if strings.Contains(x.name, ".2.") || strings.Contains(x.name, ".3.") {
				continue
			}
			// Each field once as something else.
			for _, spoilt := range spoil(x.body) {
				_, _, _ = take(s, sample{x.name, x.header, spoilt}, k.options) // must not panic
			}
		}
	}
}

// spoil returns the body with each of its top two levels of fields replaced by
// values of other kinds, and left out.
func spoil(body []byte) [][]byte {
	var top map[string]any
	if json.Unmarshal(body, &top) != nil {
		return nil
	}
	var out [][]byte
	add := func() {
		b, err := json.Marshal(top)
		if err == nil {
			out = append(out, b)
		}
	}
	each := func(m map[string]any) {
		for k, was := range m {
			for _, v := range []any{nil, -1, "", "text", []any{nil, 1, "x", map[string]any{}}, map[string]any{}} {
				m[k] = v
				add()
			}
			delete(m, k)
			add()
			m[k] = was
		}
	}
	each(top)
	for _, v := range top {
		if m, ok := v.(map[string]any); ok && len(m) < 40 {
			each(m)
		}
	}
	return out
}

func FuzzDecode(f *testing.F) {
	for i, s := range All() {
		for _, x := range kits[s.Name].samples(f) {
			event := ""
			for _, name := range s.Headers {
				if v := x.header.Get(name); v != "" {
					event = v
				}
			}
			f.Add(i, event, x.body)
		}
	}
	f.Fuzz(func(t *testing.T, which int, event string, body []byte) {
		s := All()[uint(which)%uint(len(All()))]
		h := http.Header{}
		for _, name := range s.Headers {
			h.Set(name, event)
		}
		kept, events, err := take(s, sample{"", h, body}, kits[s.Name].options)
		if err == nil {
			_, again, err := take(s, sample{"", h, kept}, kits[s.Name].options)
			if err != nil || len(again) != len(events) {
				t.Errorf("%s: %d events, again %d, %v", s.Name, len(events), len(again), err)
			}
		}
	})
}
