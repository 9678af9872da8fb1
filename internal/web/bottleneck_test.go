package web_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/client"
)

// reviews is a year of two services that deliver a pull request a day; since
// March those of the shop wait nine hours more for the end of their review.
func reviews(t *testing.T) *site {
	t.Helper()
	s := start(t)
	var b strings.Builder
	for _, service := range []string{"shop", "library"} {
		before := ""
		for i, day := 0, time.Date(2025, 12, 1, 0, 0, 0, 0, time.UTC); day.Before(now.Truncate(24 * time.Hour)); i, day = i+1, day.AddDate(0, 0, 1) {
			at := func(minutes int) string { return day.Add(time.Duration(minutes) * time.Minute).Format(time.RFC3339) }
			jitter := i * 7919 % 31
			merged := 240 + 3*jitter
			if service == "shop" && day.Month() >= time.March && day.Month() < time.December {
				merged += 540
			}
			sha := fmt.Sprintf("%s%04d", service, i)
			fmt.Fprintf(&b, `{"type":"change","sha":%q,"repository":"acme/%s","parents":[%s],"authored_at":%q,"committed_at":%q,"pull_request":{"number":%d,"first_commit_at":%q,"opened_at":%q,"first_review_at":%q,"merged_at":%q,"merge_sha":%q}}`+"\n",
				sha, service, before, at(merged), at(merged), i+1, at(jitter), at(60+jitter), at(120+jitter), at(merged), sha)
			fmt.Fprintf(&b, `{"type":"deployment","id":"d-%s","service":%q,"team":"%s","environment":"production","repository":"acme/%s","commit_sha":%q,"started_at":%q,"finished_at":%q}`+"\n",
				sha, service, service[:1], service, sha, at(merged+30), at(merged+40))
			before = fmt.Sprintf("%q", sha)
		}
	}
	s.send(b.String())
	return s
}

func TestTheBottleneckIsNamed(t *testing.T) {
	s := reviews(t)
	var out struct {
		client.Window
		Cut        bool
		Bottleneck client.Bottleneck
	}
	s.upToDate("/api/v1/bottleneck?scope=team:s&from=2026-03-03&to=2026-06-01", &out)
	b := out.Bottleneck
	if b.Changes != 90 || len(b.MostHours) != 1 || b.MostHours[0] != "review" || b.MostSlow[0] != "review" || out.Cut {
		t.Fatalf("%+v", b)
	}
	for _, x := range b.Stages {
		switch x.Stage {
		case "review":
			if x.N != 90 || x.Past.Verdict != "worse" || x.Rest.Verdict != "worse" || *x.Share < 0.6 || x.ShareCI == nil {
				t.Errorf("%+v", x)
			}
		case "build", "staging":
			if x.N != 0 || x.P50 != nil {
				t.Errorf("nobody reported it: %+v", x)
			}
		case "deploy":
			if *x.P50 != 600 || x.Past.Verdict != "no_detectable_change" {
				t.Errorf("%+v", x)
			}
		}
	}
	if w := b.WhatIf[2]; w.Stage != "review" || w.Verdict != "better" || *w.P50-*w.Would < 8*3600 || *w.P50-*w.Would > 10*3600 {
		t.Errorf("%+v", w)
	}
	s.upToDate("/api/v1/bottleneck?scope=org&from=2026-03-03", &out)
	if got := out.Bottleneck; got.Changes != 180 || got.Stages[0].Rest.Verdict != "too_few" {
		t.Errorf("the organisation has others: %+v", got)
	}
	e := s.refused(s.ask("GET", "/api/v1/bottleneck?environment=staging", nil), 400, "invalid")
	if e.Error.Field != "environment" {
		t.Errorf("%+v", e)
	}
}
