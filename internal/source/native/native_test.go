package native

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

var received = plimsoll.TimeOf(time.Date(2026, 3, 24, 12, 0, 0, 0, time.UTC))

func pseudonym(secret string) func(kind, name string) string {
	return func(kind, name string) string {
		mac := hmac.New(sha256.New, []byte(secret))
		fmt.Fprintf(mac, "%s\x00%s", kind, name)
		return kind[:1] + "-" + hex.EncodeToString(mac.Sum(nil)[:10])
	}
}

func options() Options { return Options{Now: received, Pseudonym: pseudonym("secret")} }

func mustDecode(tb testing.TB, body string) Result {
	tb.Helper()
	res, err := Decode([]byte(body), options())
	if err != nil {
		tb.Fatalf("%s\n%v", body, err)
	}
	return res
}

// one decodes a body of one event.
func one(tb testing.TB, body string) plimsoll.Event {
	tb.Helper()
	res := mustDecode(tb, body)
	if len(res.Events) != 1 {
		tb.Fatalf("%d events in %s", len(res.Events), body)
	}
	return res.Events[0]
}

// refused decodes a body that must be refused, and checks what every error
// must be: ours, one line, short, and with words on what to do.
func refused(tb testing.TB, body string, opt Options) *plimsoll.Error {
	tb.Helper()
	res, err := Decode([]byte(body), opt)
	var e *plimsoll.Error
	if !errors.As(err, &e) {
		tb.Fatalf("%.200s\naccepted or foreign: %+v, %v", body, res, err)
	}
	if text := e.Error(); strings.ContainsAny(text, "\n\r\x00") || len(text) > 700 || len(e.Message) < 5 {
		tb.Errorf("the error of %.100s is not one short line: %q", body, text)
	}
	if len(res.Events) > 0 || len(res.People) > 0 {
		tb.Errorf("a refused body gave %+v", res)
	}
	return e
}

// An event with every field of its type, as a sender writes it, and the same
// as the report that must come out.
var complete = map[plimsoll.Type][2]string{
	plimsoll.TypeDeployment: {
		`{"type":"deployment","id":"run-1","source":"gitlab","service":"checkout","environment":"production","version":"v1","commit_sha":"abc123",
		"repository":"g/checkout","commit_timestamp":"2026-03-24T08:00:00Z","started_at":"2026-03-24T10:00:00+02:00","finished_at":"2026-03-24T09:00:00.123456789Z",
		"result":"rolled_back","kind":"hotfix","strategy":"blue_green","planned":false,"rollback_of":"run-0","fixes":"i-1","change_class":"standard","group_id":"g1",
		"ready_at":"2026-03-24T08:30:00Z","full_rollout_at":"2026-03-24T09:00:00Z","waited_seconds":12.5,"deployer":"Ada Lovelace","team":"payments",
		"url":"https://ci.example.com/1?a=b&c=d","previous_sha":"def-1_2.3","changes":["abc123","abc122"],"labels":{"region":"eu"}}`,
		`{"id":"run-1","service":"checkout","environment":"production","version":"v1","commit_sha":"abc123","repository":"g/checkout","commit_timestamp":"2026-03-24T08:00:00Z",
		"started_at":"2026-03-24T08:00:00Z","finished_at":"2026-03-24T09:00:00.123456Z","result":"rolled_back","kind":"hotfix","strategy":"blue_green","planned":false,
		"rollback_of":"run-0","fixes":"i-1","change_class":"standard","group_id":"g1","ready_at":"2026-03-24T08:30:00Z","full_rollout_at":"2026-03-24T09:00:00Z","waited_seconds":12.5,
		"deployer":"PERSON","team":"payments","url":"https://ci.example.com/1?a=b&c=d","previous_sha":"def-1_2.3","changes":["abc123","abc122"],"labels":{"region":"eu"}}`,
	},
	plimsoll.TypeChange: {
		`{"type":"change","id":"ignored","sha":"abc","repository":"g/r","committed_at":"2026-03-24T08:00:00Z","authored_at":"2026-03-23T08:00:00Z","parents":["p1","p2"],
		"message_subject":"one\ttab\nbody is left out","author":"Ada <ada@example.com>","committer":"Web","bot":true,"paths":["a/b.go"],"built_at":"2026-03-24T09:00:00Z","reverts":"aaa",
		"pull_request":{"number":7,"branch":"b","title":"t","first_commit_at":"2026-03-20T00:00:00Z","opened_at":"2026-03-21T00:00:00Z","first_review_at":"2026-03-22T00:00:00Z",
		"approved_at":"2026-03-23T00:00:00Z","merged_at":"2026-03-24T00:00:00Z","merge_sha":"abc","labels":["x"],"author":"Bob"},"labels":{"k":"v"}}`,
		`{"sha":"abc","repository":"g/r","authored_at":"2026-03-23T08:00:00Z","committed_at":"2026-03-24T08:00:00Z","parents":["p1","p2"],"message_subject":"one tab",
		"author_hash":"AUTHOR","bot":true,"paths":["a/b.go"],"pull_request":{"number":7,"branch":"b","title":"t","first_commit_at":"2026-03-20T00:00:00Z","opened_at":"2026-03-21T00:00:00Z",
		"first_review_at":"2026-03-22T00:00:00Z","approved_at":"2026-03-23T00:00:00Z","merged_at":"2026-03-24T00:00:00Z","merge_sha":"abc","labels":["x"]},
		"built_at":"2026-03-24T09:00:00Z","reverts":"aaa","labels":{"k":"v"}}`,
	},
	plimsoll.TypePullRequest: {
		`{"type":"pull_request","repository":"g/r","number":"7","branch":"b","title":"t","first_commit_at":"2026-03-20T00:00:00Z","opened_at":"2026-03-21T00:00:00Z",
		"first_review_at":"2026-03-22T00:00:00Z","approved_at":"2026-03-23T00:00:00Z","merged_at":"2026-03-24T00:00:00Z","merge_sha":"abc","closed_at":"2026-03-24T00:00:00Z",
		"labels":["x"],"commits":["c1","c2"],"author":"Ada"}`,
		`{"number":7,"branch":"b","title":"t","first_commit_at":"2026-03-20T00:00:00Z","opened_at":"2026-03-21T00:00:00Z","first_review_at":"2026-03-22T00:00:00Z",
		"approved_at":"2026-03-23T00:00:00Z","merged_at":"2026-03-24T00:00:00Z","merge_sha":"abc","labels":["x"],"repository":"g/r","closed_at":"2026-03-24T00:00:00Z","commits":["c1","c2"]}`,
	},
	plimsoll.TypeIncident: {
		`{"type":"incident","id":"i-1","services":["checkout"],"environment":"production","severity":"high","started_at":"2026-03-24T08:00:00Z","detected_at":"2026-03-24T08:01:00Z",
		"acknowledged_at":"2026-03-24T08:02:00Z","diagnosed_at":"2026-03-24T08:03:00Z","mitigated_at":"2026-03-24T08:04:00Z","resolved_at":"2026-03-24T08:05:00Z",
		"caused_by":"run-1","title":"slow <checkout>","url":"https://pager","labels":{"k":"v"}}`,
		`{"id":"i-1","services":["checkout"],"environment":"production","severity":"high","started_at":"2026-03-24T08:00:00Z","detected_at":"2026-03-24T08:01:00Z",
		"acknowledged_at":"2026-03-24T08:02:00Z","diagnosed_at":"2026-03-24T08:03:00Z","mitigated_at":"2026-03-24T08:04:00Z","resolved_at":"2026-03-24T08:05:00Z",
		"caused_by":"run-1","title":"slow <checkout>","url":"https://pager","labels":{"k":"v"}}`,
	},
	plimsoll.TypeAnalysis: {
		`{"type":"analysis","id":"a-1","service":"checkout","environment":"production","phase":"failed","deployment":"run-1","version":"v1","name":"errors",
		"started_at":"2026-03-24T08:00:00Z","finished_at":"2026-03-24T08:05:00Z","metrics":{"z": [1, 2.50, {"b":null, "a":true}], "a":"\u0041"},"labels":{"k":"v"}}`,
		`{"id":"a-1","service":"checkout","environment":"production","phase":"failed","deployment":"run-1","version":"v1","name":"errors",
		"started_at":"2026-03-24T08:00:00Z","finished_at":"2026-03-24T08:05:00Z","metrics":{"a":"A","z":[1,2.50,{"a":true,"b":null}]},"labels":{"k":"v"}}`,
	},
	plimsoll.TypeFlag: {
		`{"type":"flag","id":"f-1","key":"new-cart","environment":"production","services":["checkout"],"at":"2026-03-24T08:00:00Z","from":false,"to":25,"fixes":"i-1","url":"https://flags","labels":{"k":"v"}}`,
		`{"id":"f-1","key":"new-cart","environment":"production","services":["checkout"],"at":"2026-03-24T08:00:00Z","from":"false","to":"25","fixes":"i-1","url":"https://flags","labels":{"k":"v"}}`,
	},
	plimsoll.TypeService: {
		`{"type":"service","id":"ignored","name":"checkout","team":"payments","tier":"1","repository":"g/r","paths":["a/"],"depends_on":["basket"],"slack":"#pay",
		"runbook_url":"https://run","rollback_command":"helm rollback checkout","labels":{"k":"v"}}`,
		`{"name":"checkout","team":"payments","tier":"1","repository":"g/r","paths":["a/"],"depends_on":["basket"],"slack":"#pay",
		"runbook_url":"https://run","rollback_command":"helm rollback checkout","labels":{"k":"v"}}`,
	},
}

func compact(tb testing.TB, s string) string {
	tb.Helper()
	var v any
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		tb.Fatalf("%v in %s", err, s)
	}
	b, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

func TestEveryFieldOfEveryTypeIsKept(t *testing.T) {
	for typ, x := range complete {
		e := one(t, x[0])
		want := strings.NewReplacer("PERSON", pseudonym("secret")("person", "Ada Lovelace"), "AUTHOR", pseudonym("secret")("author", "ada <ada@example.com>")).Replace(x[1])
		if e.Type != typ || compact(t, string(e.Body)) != compact(t, want) {
			t.Errorf("%s:\ngot  %s\nwant %s", typ, compact(t, string(e.Body)), compact(t, want))
		}
		if e.Decoder != Decoder || e.SchemaVersion != plimsoll.SchemaVersion || e.Hash == (plimsoll.Hash{}) || e.Subject == "" {
			t.Errorf("%s: the envelope is %+v", typ, e)
		}
	}
}

func TestTheSubjectSourceAndTimeOfAnEvent(t *testing.T) {
	want := map[plimsoll.Type]string{
		plimsoll.TypeDeployment: "run-1 gitlab 2026-03-24T09:00:00.123456Z", plimsoll.TypeChange: "g/r@abc api 2026-03-24T08:00:00Z",
		plimsoll.TypePullRequest: "g/r#7 api 2026-03-24T00:00:00Z", plimsoll.TypeIncident: "i-1 api 2026-03-24T08:05:00Z",
		plimsoll.TypeAnalysis: "a-1 api 2026-03-24T08:05:00Z", plimsoll.TypeFlag: "f-1 api 2026-03-24T08:00:00Z",
		plimsoll.TypeService: "checkout api 2026-03-24T12:00:00Z",
	}
	for typ, x := range complete {
		e := one(t, x[0])
		if got := fmt.Sprintf("%s %s %s", e.Subject, e.Source, e.OccurredAt); got != want[typ] {
			t.Errorf("%s: %s, want %s", typ, got, want[typ])
		}
	}
	if e := one(t, `{"type":"service","name":"a","occurred_at":"2026-01-01T00:00:00Z"}`); e.OccurredAt.String() != "2026-01-01T00:00:00Z" {
		t.Errorf("a stated time is %s", e.OccurredAt)
	}
	early, late := options(), options()
	late.Now = late.Now.Add(time.Hour)
	a, _ := Decode([]byte(`{"type":"service","name":"a"}`), early)
	b, _ := Decode([]byte(`{"type":"service","name":"a"}`), late)
	if a.Events[0].Hash != b.Events[0].Hash {
		t.Error("the time of receipt is part of the content")
	}
}

func TestTheSeedsFieldsAreAcceptedAsTheyStand(t *testing.T) {
	const form = `{%s"service":"webapp","version":"v2.1.0","environment":"production","deployer":"alice","commit_sha":"abc","commit_timestamp":"2026-03-24T08:00:00Z","deploy_timestamp":"2026-03-24T09:00:00Z","result":"%s"}`
	ids := map[string]bool{}
	for _, typ := range []string{"", `"type":"deployment",`} {
		for result, want := range map[string]plimsoll.Result{"success": "success", "failure": "failure", "rollback": "rolled_back", "rolled_back": "rolled_back"} {
			res := mustDecode(t, fmt.Sprintf(form, typ, result))
			var d plimsoll.DeploymentReport
			if err := json.Unmarshal(res.Events[0].Body, &d); err != nil {
				t.Fatal(err)
			}
			if d.Result != want || d.Undo != (result == "rollback") || d.FinishedAt.String() != "2026-03-24T09:00:00Z" || len(d.Labels) > 0 {
				t.Errorf("%s: %+v", result, d)
			}
			if res.People[d.Deployer] != "alice" {
				t.Errorf("the people are %v", res.People)
			}
			ids[d.ID] = true
		}
	}
	if len(ids) != 1 {
		t.Errorf("the outcome has another id than the deployment: %v", ids)
	}
	if e := refused(t, `{"service":"webapp","environment":"production","finished_at":"2026-03-24T09:00:00Z"}`, options()); e.Field != "type" {
		t.Errorf("without a type and a seed's field: %v", e)
	}
	both := `{"service":"a","environment":"b","deploy_timestamp":"2026-03-24T09:00:00Z","finished_at":"2026-03-24T09:00:0%d.0Z"}`
	one(t, fmt.Sprintf(both, 0))
	if e := refused(t, fmt.Sprintf(both, 1), options()); e.Field != "deploy_timestamp" {
		t.Errorf("two times that differ: %v", e)
	}
}
