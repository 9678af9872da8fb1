package plimsoll

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
)

func wholeTarget() TargetReport {
	return TargetReport{
		ID: "t", Scope: "team:a", Measure: "lead_time", BaselineFrom: 1e15, BaselineTo: 2e15,
		Goals: []Goal{{3e15, 3600}, {4e15, 0}},
	}
}

func TestTargetCheck(t *testing.T) {
	if err := wholeTarget().Check(); err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string][]func(*TargetReport){
		"id":       {func(r *TargetReport) { r.ID = "" }, func(r *TargetReport) { r.ID = strings.Repeat("x", 201) }},
		"scope":    {func(r *TargetReport) { r.Scope = "person:ann" }},
		"measure":  {func(r *TargetReport) { r.Measure = "" }},
		"baseline": {func(r *TargetReport) { r.BaselineFrom = 0 }, func(r *TargetReport) { r.BaselineTo = 1e15 }},
		"note":     {func(r *TargetReport) { r.Note = strings.Repeat("x", 1001) }},
		"goals": {
			func(r *TargetReport) { r.Goals = nil },
			func(r *TargetReport) { r.Goals = make([]Goal, 13) },
			func(r *TargetReport) { r.Goals[1].At = 2e15 },
			func(r *TargetReport) { r.Goals[0].Value = -1 },
			func(r *TargetReport) { r.Goals[0].Value = math.NaN() },
			func(r *TargetReport) { r.Goals[0].Value = math.Inf(1) },
		},
	} {
		for _, f := range change {
			r := wholeTarget()
			f(&r)
			var e *Error
			if err := r.Check(); !errors.As(err, &e) || e.Field != field {
				t.Errorf("%s: %v", field, err)
			}
		}
	}
}

func TestTargetOver(t *testing.T) {
	yes := true
	old := wholeTarget()
	if got := old.Over(TargetReport{ID: "t", Dropped: &yes}); got.Measure != "lead_time" || len(got.Goals) != 2 || !*got.Dropped {
		t.Errorf("dropped: %+v", got)
	}
	next := TargetReport{ID: "t", Scope: "org", Environment: "staging", Measure: "rework_rate", BaselineFrom: 5, BaselineTo: 6, Goals: []Goal{{7, 0.1}}, Note: "why"}
	if got := old.Over(next); !reflect.DeepEqual(got, next) {
		t.Errorf("replaced: %+v", got)
	}
	body, err := json.Marshal(old)
	if err != nil {
		t.Fatal(err)
	}
	var back TargetReport
	if err := json.Unmarshal(body, &back); err != nil || !reflect.DeepEqual(back, old) {
		t.Errorf("there and back: %s, %v", body, err)
	}
}

func TestParseMoment(t *testing.T) {
	if _, err := ParseMoment("at", "", 5, nil); err == nil || !strings.Contains(err.Error(), "at") {
		t.Errorf("nothing: %v", err)
	}
	if got, err := ParseMoment("at", "now", 5, nil); got != 5 || err != nil {
		t.Errorf("now: %v, %v", got, err)
	}
}
