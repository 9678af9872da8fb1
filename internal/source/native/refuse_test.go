package native

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// with returns a small good event of a type with more fields.
func with(typ plimsoll.Type, more string) string {
	base := map[plimsoll.Type]string{
		plimsoll.TypeDeployment: `"service":"s","environment":"e"`, plimsoll.TypeChange: `"sha":"a","repository":"r"`,
		plimsoll.TypePullRequest: `"repository":"r","number":7`, plimsoll.TypeIncident: `"id":"i-1"`,
		plimsoll.TypeAnalysis: `"service":"s","environment":"e","phase":"failed"`, plimsoll.TypeFlag: `"key":"k","environment":"e"`,
		plimsoll.TypeService: `"name":"s"`,
	}[typ]
	if typ == plimsoll.TypeDeployment && !strings.Contains(more, `"started_at"`) && !strings.Contains(more, "finish") {
		base += `,"started_at":"2026-03-24T09:00:00Z"`
	}
	if typ == plimsoll.TypeChange && !strings.Contains(more, `"committed_at"`) {
		base += `,"committed_at":"2026-03-24T09:00:00Z"`
	}
	return fmt.Sprintf(`{"type":%q,%s,%s}`, typ, base, more)
}

// times are the fields of each type that hold a time.
var times = map[plimsoll.Type]string{
	plimsoll.TypeDeployment:  "commit_timestamp started_at finished_at deploy_timestamp ready_at full_rollout_at occurred_at",
	plimsoll.TypeChange:      "committed_at authored_at built_at occurred_at",
	plimsoll.TypePullRequest: "first_commit_at opened_at first_review_at approved_at merged_at closed_at occurred_at",
	plimsoll.TypeIncident:    "started_at detected_at acknowledged_at diagnosed_at mitigated_at resolved_at occurred_at",
	plimsoll.TypeAnalysis:    "started_at finished_at occurred_at",
	plimsoll.TypeFlag:        "at occurred_at",
	plimsoll.TypeService:     "occurred_at",
}

func TestEveryTimeMayBeAnHourAheadAndNoMore(t *testing.T) {
	checked := 0
	for typ, fields := range times {
		for _, field := range strings.Fields(fields) {
			at := func(ahead time.Duration) string {
				body := with(typ, fmt.Sprintf(`%q:%q`, field, received.Add(ahead)))
				if field == "deploy_timestamp" {
					body = fmt.Sprintf(`{"service":"s","environment":"e","deploy_timestamp":%q}`, received.Add(ahead))
				}
				return body
			}
			one(t, at(time.Hour))
			if e := refused(t, at(time.Hour+time.Second), options()); e.Field != field || !strings.Contains(e.Message, "future") || e.Index != 0 {
				t.Errorf("%s of a %s: %v", field, typ, e)
			}
			checked++
		}
	}
	for _, field := range []string{"first_commit_at", "opened_at", "first_review_at", "approved_at", "merged_at"} {
		body := with(plimsoll.TypeChange, fmt.Sprintf(`"pull_request":{"number":1,%q:%q}`, field, received.Add(time.Hour+time.Second)))
		if e := refused(t, body, options()); e.Field != "pull_request."+field {
			t.Errorf("%s: %v", field, e)
		}
	}
	// Every field whose value is a time in the complete events is in the table.
	for typ, x := range complete {
		var fields map[string]any
		if err := json.Unmarshal([]byte(x[0]), &fields); err != nil {
			t.Fatal(err)
		}
		for name, v := range fields {
			if s, ok := v.(string); ok && strings.HasPrefix(s, "2026-") && !strings.Contains(" "+times[typ]+" ", " "+name+" ") {
				t.Errorf("%s of a %s is not checked", name, typ)
			}
		}
	}
	if checked < 28 {
		t.Errorf("only %d fields were checked", checked)
	}
}

func TestWhatIsWrongIsNamed(t *testing.T) {
	const D, C, P, I, A, F, S = plimsoll.TypeDeployment, plimsoll.TypeChange, plimsoll.TypePullRequest, plimsoll.TypeIncident, plimsoll.TypeAnalysis, plimsoll.TypeFlag, plimsoll.TypeService
	long := strings.Repeat("ü", maxName+1)
	for _, x := range []struct{ body, field, says string }{
		{`{"type":"deploymnt","id":"x"}`, "type", "did you mean deployment?"},
		{`{"type":"release","id":"x"}`, "type", "expected one of deployment, change"},
		{`{"type":"freeze"}`, "type", "cannot be reported from outside"},
		{`{"type":7}`, "type", "7 is not a string"},
		{`{"type":null,"id":"x"}`, "type", "missing"},
		{`{}`, "type", "missing"},
		{`{"type":"deployment","environment":"e","started_at":"2026-03-24T09:00:00Z"}`, "service", "required"},
		{`{"type":"deployment","service":" ","environment":"e","started_at":"2026-03-24T09:00:00Z"}`, "service", "required"},
		{`{"type":"deployment","service":"s","environment":null,"started_at":"2026-03-24T09:00:00Z"}`, "environment", "required"},
		{`{"type":"deployment","service":"s","environment":"e"}`, "finished_at", "started_at or finished_at"},
		{`{"type":"change","repository":"r","committed_at":"2026-03-24T09:00:00Z"}`, "sha", "required"},
		{`{"type":"change","sha":"a","committed_at":"2026-03-24T09:00:00Z"}`, "repository", "required"},
		{`{"type":"change","sha":"a","repository":"r"}`, "committed_at", "required"},
		{`{"type":"pull_request","repository":"r"}`, "number", "required"},
		{`{"type":"pull_request","number":1}`, "repository", "required"},
		{`{"type":"incident"}`, "id", "required"},
		{`{"type":"analysis","service":"s","environment":"e"}`, "phase", "expected one of running"},
		{`{"type":"flag","environment":"e"}`, "key", "required"},
		{`{"type":"service"}`, "name", "required"},
		{with(D, `"finishd_at":"2026-03-24T09:00:00Z"`), "finishd_at", "did you mean finished_at?"},
		{with(D, `"comit_sha":"a"`), "comit_sha", "did you mean commit_sha?"},
		{with(D, `"enviroment":"e"`), "enviroment", "did you mean environment?"},
		{with(D, `"services":["s"]`), "services", "did you mean service?"},
		{with(D, `"startedAt":"x"`), "startedAt", "did you mean started_at?"},
		{with(D, `"COMMIT-SHA":"x"`), "COMMIT-SHA", "did you mean commit_sha?"},
		{with(D, `"lables":{}`), "lables", "did you mean labels?"},
		{with(I, `"service":"s"`), "service", "did you mean services?"},
		{with(C, `"pull_request":{"number":1,"titel":"x"}`), "pull_request.titel", "did you mean title?"},
		{with(P, `"brnch":"x"`), "brnch", "did you mean branch?"},
		{with(P, `"reviewers":3`), "reviewers", "leave it out"},
		{with(D, `"cluster":{"name":"x"}`), "cluster", "not a plain value"},
		{with(D, `"zones":["a"]`), "zones", "not a plain value"},
		{with(D, `"labels":{"a":{"b":1}}`), "labels.a", "not a plain value"},
		{with(D, `"labels":["a"]`), "labels", "not an object"},
		{with(D, `"labels":{"":"a"}`), "labels", "without a name"},
		{with(D, `"labels":{"region":"a"},"region":"b"`), "region", "different values"},
		{with(D, `"version":1.2`), "version", "put it in quotes"},
		{with(D, `"version":["v1"]`), "version", "not a string"},
		{with(D, `"planned":"yes"`), "planned", "not true or false"},
		{with(D, `"waited_seconds":-1`), "waited_seconds", "0 or more"},
		{with(D, `"waited_seconds":1e400`), "waited_seconds", "0 or more"},
		{with(D, `"waited_seconds":"5"`), "waited_seconds", "0 or more"},
		{with(D, `"changes":"abc"`), "changes", "not a list"},
		{with(D, `"changes":["abc",5]`), "changes[1]", "not a string"},
		{with(D, `"changes":["abc",""]`), "changes[1]", "empty"},
		{with(D, `"changes":["abc",null]`), "changes[1]", "not a string"},
		{with(D, `"changes":["a b"]`), "changes[0]", "no commit"},
		{with(D, `"changes":[`+strings.Repeat(`"a",`, maxList)+`"a"]`), "changes", "at most 5000"},
		{with(D, `"commit_sha":"ab/../c"`), "commit_sha", "no commit"},
		{with(D, `"commit_sha":"ü"`), "commit_sha", "no commit"},
		{with(D, `"commit_sha":"`+strings.Repeat("a", maxSHA+1)+`"`), "commit_sha", "1 to 64"},
		{with(D, `"result":"sucess"`), "result", "did you mean success?"},
		{with(D, `"result":"ok"`), "result", "expected one of running"},
		{with(D, `"result":"Success"`), "result", "did you mean success?"},
		{with(D, `"kind":"big"`), "kind", "expected one of"},
		{with(D, `"strategy":"blue-green"`), "strategy", "did you mean blue_green?"},
		{with(D, `"finished_at":"2026-03-24T09:00:00Z","result":"running"`), "result", "contradicts"},
		{with(D, `"started_at":"2026-03-24T09:00:01Z","finished_at":"2026-03-24T09:00:00Z"`), "finished_at", "before started_at"},
		{with(D, `"undo":true`), "undo", "rolled_back"},
		{with(I, `"started_at":"2026-03-24T09:00:01Z","resolved_at":"2026-03-24T09:00:00Z"`), "resolved_at", "before started_at"},
		{with(A, `"started_at":"2026-03-24T09:00:01Z","finished_at":"2026-03-24T09:00:00Z"`), "finished_at", "before started_at"},
		{with(P, `"number":8`), "number", "given twice"},
		{`{"type":"pull_request","repository":"r","number":0}`, "number", "whole number from 1"},
		{`{"type":"pull_request","repository":"r","number":2147483648}`, "number", "whole number from 1"},
		{`{"type":"pull_request","repository":"r","number":"-1"}`, "number", "whole number from 1"},
		{`{"type":"pull_request","repository":"r","number":1.5}`, "number", "whole number"},
		{`{"type":"pull_request","repository":"r","number":99999999999999999999}`, "number", "whole number"},
		{with(C, `"pull_request":"x"`), "pull_request", "whole number"},
		{with(C, `"pull_request":{}`), "pull_request.number", "required"},
		{with(C, `"author":{"name":"Ada"}`), "author", "not a string"},
		{with(A, `"metrics":{"a":1,"a":2}`), "metrics.a", "given twice"},
		{with(A, `"metrics":"`+strings.Repeat("x", maxMetrics)+`"`), "metrics", "at most 65536"},
		{with(F, `"to":[1]`), "to", "not a plain value"},
		{with(S, `"depends_on":[`+`"`+long+`"]`), "depends_on[0]", "201 characters"},
		{with(I, `"title":"a\u0000b"`), "title", `control character '\x00'`},
		{with(I, `"title":"a\nb"`), "title", "control character"},
		{with(I, `"title":"a\u0085b"`), "title", `control character '\u0085'`},
		{with(I, `"title":"`+strings.Repeat("x", maxText+1)+`"`), "title", "at most 2000"},
		{with(I, `"caused_by":"`+long+`"`), "caused_by", "201 characters; at most 200"},
		{`{"type":"incident","id":"` + long + `"}`, "id", "201 characters"},
		{`{"type":"incident","id":"a","id":"a"}`, "id", "given twice"},
		{`{"type":"incident","id":"a","\u0069d":"b"}`, "id", "given twice"},
		{with(I, `"labels":{"a":"1","a":"1"}`), "labels.a", "given twice"},
		{with(I, `"`+strings.Repeat("x", 5000)+`":1`), strings.Repeat("x", maxName) + "…", "5000 characters"},
		{with(I, `"a\nb":1`), "a b", "control character"},
	} {
		e := refused(t, x.body, options())
		if e.Code != plimsoll.CodeInvalid || e.Field != x.field || e.Index != 0 || !strings.Contains(e.Message, x.says) {
			t.Errorf("%.120s\n%v (field %q, index %d), want %q about %q", x.body, e, e.Field, e.Index, x.says, x.field)
		}
	}
}

func TestTimesThatAreNoneAreRefused(t *testing.T) {
	for _, at := range []string{
		`"yesterday"`, `"2026-03-24"`, `"2026-03-24 09:00:00"`, `"2026-03-24T09:00:00"`, `"2026-03-24T09:00Z"`, `"24.03.2026"`, `1774346400`, `1774346400000`,
		`"1774346400"`, `true`, `{}`, `["2026-03-24T09:00:00Z"]`, `"2026-02-30T00:00:00Z"`, `"2026-03-24T25:00:00Z"`, `"1970-06-01T00:00:00Z"`,
		`"9999-01-01T00:00:00Z"`, `"0001-01-01T00:00:00Z"`, `"2026-03-24T09:00:00Z` + strings.Repeat("0", 10_000) + `"`,
	} {
		if e := refused(t, with(plimsoll.TypeIncident, `"started_at":`+at), options()); e.Field != "started_at" || !strings.Contains(e.Message, "expected") {
			t.Errorf("%.60s: %v", at, e)
		}
	}
	for at, want := range map[string]string{
		`"2026-03-24T09:00:00Z"`: "2026-03-24T09:00:00Z", `"2026-03-24T11:00:00+02:00"`: "2026-03-24T09:00:00Z", `" 2026-03-24T09:00:00.5Z "`: "2026-03-24T09:00:00.5Z",
		`"2026-03-24T09:00:00.0000009Z"`: "2026-03-24T09:00:00Z", `""`: received.String(), `null`: received.String(),
	} {
		if e := one(t, with(plimsoll.TypeIncident, `"started_at":`+at)); e.OccurredAt.String() != want {
			t.Errorf("%s is read as %s, want %s", at, e.OccurredAt, want)
		}
	}
}
