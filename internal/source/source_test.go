package source

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// The example of the specification of Standard Webhooks 1.0.
func TestStandardWebhooksAreVerified(t *testing.T) {
	const secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", `{"test": 2432232314}`
	at := plimsoll.TimeOf(time.Unix(1614265330, 0))
	h := http.Header{}
	h.Set("Webhook-Id", "msg_p5jXN8AQM9LWM0D4loKWxJek")
	h.Set("Webhook-Timestamp", "1614265330")
	h.Set("Webhook-Signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v2,other")
	for _, c := range []struct {
		what string
		now  plimsoll.Time
		with func(h http.Header)
		body string
		want bool
	}{
		{"as it stands there", at, nil, body, true},
		{"five minutes later", at.Add(5 * time.Minute), nil, body, true},
		{"too late", at.Add(6 * time.Minute), nil, body, false},
		{"too early", at.Add(-6 * time.Minute), nil, body, false},
		{"another body", at, nil, body + " ", false},
		{"another id", at, func(h http.Header) { h.Set("Webhook-Id", "msg_x") }, body, false},
		{"another time", at, func(h http.Header) { h.Set("Webhook-Timestamp", "1614265331") }, body, false},
		{"no time", at, func(h http.Header) { h.Set("Webhook-Timestamp", "soon") }, body, false},
		{"another version", at, func(h http.Header) {
			h.Set("Webhook-Signature", "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
		}, body, false},
	} {
		signed := h.Clone()
		if c.with != nil {
			c.with(signed)
		}
		if got := Standard([]string{"old", secret}, signed, []byte(c.body), c.now); got != c.want {
			t.Errorf("%s: %v", c.what, got)
		}
	}
	// A secret that is no base64 is taken as it stands.
	m := hmac.New(sha256.New, []byte("not base64!"))
	m.Write([]byte("i." + strconv.Itoa(1614265330) + ".x"))
	h.Set("Webhook-Id", "i")
	h.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(m.Sum(nil)))
	if !Standard([]string{"not base64!"}, h, []byte("x"), at) {
		t.Error("a plain secret")
	}
}

func TestTimesAreReadAsToolsWriteThem(t *testing.T) {
	const want = "2021-04-28T19:50:00Z"
	for _, s := range []string{
		`"2021-04-28 21:50:00 +0200"`, `"2021-04-28 19:50:00 UTC"`, `"2021-04-28T19:50:00Z"`, `"2021-04-28T21:50:00+02:00"`, `"2021-04-28T21:50:00+0200"`, `"2021-04-28T19:50:00.000Z"`, `1619639400`,
	} {
		var at Time
		if err := at.UnmarshalJSON([]byte(s)); err != nil || at.T().String() != want {
			t.Errorf("%s: %s, %v", s, at.T(), err)
		}
	}
	for _, s := range []string{`null`, `""`, `"0001-01-01T00:00:00Z"`, `0`} {
		if at := Time(7); at.UnmarshalJSON([]byte(s)) != nil || at != 0 {
			t.Errorf("%s is %d", s, at)
		}
	}
	for _, s := range []string{`"soon"`, `true`, `{}`, `-1`, `1e99`, `"2021-13-01T00:00:00Z"`, `"99999-01-01T00:00:00Z"`} {
		if at := Time(0); at.UnmarshalJSON([]byte(s)) == nil {
			t.Errorf("%s is %s", s, at.T())
		}
	}
}

func TestRulesSayWhatADeploymentIsOf(t *testing.T) {
	d := Delivery{
		Options: &Options{
			Services: map[string]string{"acme/billing": "invoices"},
			Deployments: []Rule{
				{Environment: "pr-*", Ignore: true}, {Repository: "acme/shop", Task: "deploy:checkout", Service: "checkout"},
				{Workflow: "Deploy *", Environment: "production", Service: "web"}, {Job: "deploy-eu", Environment: "production-eu"}, {Environment: "live", As: "production"},
			},
		},
		Catalogue: []plimsoll.ServiceReport{{Name: "basket", Repository: "acme/shop"}, {Name: "basket-api", Repository: "https://github.com/acme/shop.git"}, {Name: "docs", Repository: "github.com/acme/docs"}},
	}
	for _, c := range []struct {
		p    Place
		want string
	}{
		{Place{Repository: "github.com/acme/web", Environment: "production"}, "web production"},
		{Place{Repository: "github.com/acme/docs", Environment: "live"}, "docs production"},
		{Place{Repository: "gitlab.com/acme/billing", Environment: "staging"}, "invoices staging"},
		{Place{Repository: "github.com/acme/web", Environment: "PR-12"}, ""},
		{Place{Repository: "github.com/acme/web"}, ""},
		{Place{Repository: "github.com/acme/shop", Environment: "production", Task: "deploy:checkout"}, "checkout production"},
		{Place{Repository: "github.com/acme/shop", Environment: "production/basket-api"}, "basket-api production/basket-api"},
		{Place{Repository: "github.com/acme/shop", Environment: "production/basket"}, "basket production/basket"},
		{Place{Repository: "github.com/acme/shop", Environment: "production"}, "shop production"},
		{Place{Repository: "github.com/acme/web", Workflow: "Deploy to Mars"}, "web production"},
		{Place{Repository: "github.com/acme/web", Workflow: "build"}, ""},
		{Place{Repository: "github.com/acme/web", Workflow: "all", Job: "deploy-eu"}, "web production-eu"},
		{Place{Repository: "github.com/acme/web", Job: "test", Environment: "production"}, ""},
	} {
		service, environment, ok := d.Deployment(c.p)
		got := service + " " + environment
		if !ok {
			got = ""
		}
		if got != c.want {
			t.Errorf("%+v is %q; want %q", c.p, got, c.want)
		}
	}
	if got := d.Repository("git@github.com:acme/shop.git"); got != "acme/shop" {
		t.Errorf("the repository of the catalogue is %q", got)
	}
}

func TestAPushBuildsTheGraph(t *testing.T) {
	two := []Commit{{SHA: "c1", Message: "a"}, {SHA: "c2", Message: "b"}}
	merge := []Commit{{SHA: "c1", Message: "a"}, {SHA: "m", Message: "Merge pull request #7 from x/y"}}
	for _, c := range []struct {
		what string
		push Push
		want [][]string
	}{
		{"a line", Push{Before: "b", Commits: two}, [][]string{{"b"}, {"c1"}}},
		{"a merge", Push{Before: "b", Commits: merge}, [][]string{{"b"}, {"b", "c1"}}},
		{"a merge alone", Push{Before: "b", Commits: merge[1:]}, [][]string{{"b"}}},
		{"a new branch", Push{Before: "0000", Commits: two}, [][]string{nil, {"c1"}}},
		{"a forced push", Push{Before: "b", Forced: true, Commits: two}, [][]string{nil, {"c1"}}},
		{"a list that was cut", Push{Before: "b", Cut: true, Commits: merge}, [][]string{nil, {"c1"}}},
		{"stated parents", Push{Before: "b", Commits: []Commit{{SHA: "c", Parents: []string{"x", "y"}}}}, [][]string{{"x", "y"}}},
	} {
		for i, r := range c.push.Changes() {
			got, _ := r["parents"].([]string)
			if len(got) != len(c.want[i]) {
				t.Errorf("%s: commit %d has parents %v; want %v", c.what, i, got, c.want[i])
				continue
			}
			for j := range got {
				if got[j] != c.want[i][j] {
					t.Errorf("%s: commit %d has parents %v; want %v", c.what, i, got, c.want[i])
				}
			}
		}
	}
}
