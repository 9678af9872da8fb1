package oracle

import (
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// bands are read from the sets themselves: the API gives a band only from
// enough observations on, and these are single values.
func band(t *testing.T, set string, m metric.Measure, value float64) string {
	t.Helper()
	b, err := metric.BenchmarkNamed(set)
	if err != nil {
		t.Fatal(err)
	}
	if point := b.Grade(m, value, nil).BandPoint; point != nil {
		return strings.ToLower(*point)
	}
	return "none"
}

// scales turn their units into ours: seconds, ratios, deployments a day.
var scales = map[string]struct {
	measure metric.Measure
	unit    float64
}{
	"lead_time_minutes":                  {metric.LeadTime, 60},
	"lead_time_hours":                    {metric.LeadTime, 3600},
	"lead_time_days":                     {metric.LeadTime, 86400},
	"change_failure_rate":                {metric.ChangeFailureRate, 1},
	"failed_deployment_recovery_minutes": {metric.TimeToRestore, 60},
	"time_to_restore_minutes":            {metric.TimeToRestore, 60},
	"recovery_hours":                     {metric.TimeToRestore, 3600},
	"deployments_per_day":                {metric.DeploymentFrequency, 1},
}

// A published edition is a list of bands, each with a condition like "< 1440".
func TestBandsOfAPublishedYearAreThoseOfDevLake(t *testing.T) {
	var levels struct {
		Editions map[string]map[string][][2]string `json:"editions"`
	}
	readJSON(t, filepath.Join(folder(t), "_levels", "devlake.json"), &levels)
	compared, found := 0, map[string]bool{}
	for year, measures := range levels.Editions {
		for name, tiers := range measures {
			scale, ok := scales[name]
			if !ok {
				continue // deployment days a week: see devlakeDays
			}
			for _, edge := range tiers {
				_, at := condition(t, edge[1])
				for _, v := range []float64{at * 0.999, at, at * 1.001} {
					theirs := ""
					for _, tier := range tiers {
						if holds, _ := condition(t, tier[1]); theirs == "" && holds(v) {
							theirs = tier[0]
						}
					}
					ours := band(t, "dora-"+year, scale.measure, v*scale.unit)
					compared++
					if ours == theirs {
						continue
					}
					key := fmt.Sprintf("%s %s: theirs %s, ours %s", year, name, theirs, ours)
					found[key] = true
					if devlakeDiffers[key] == "" {
						t.Errorf("%s at %g, and the table does not say why", key, v)
					}
				}
			}
		}
	}
	for key := range devlakeDiffers {
		if !found[key] {
			t.Errorf("the table explains %q, and there is no such value", key)
		}
	}
	t.Logf("%d values around the boundaries compared, %d kinds of difference", compared, len(found))
}

// condition reads "< 1440", ">= 259200" or "< 259200 (180 d)".
func condition(t *testing.T, s string) (holds func(float64) bool, at float64) {
	t.Helper()
	words := strings.Fields(s)
	if len(words) < 2 {
		t.Fatalf("%q is no condition", s)
	}
	at, err := strconv.ParseFloat(words[1], 64)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	switch words[0] {
	case "<":
		return func(v float64) bool { return v < at }, at
	case "<=":
		return func(v float64) bool { return v <= at }, at
	case ">":
		return func(v float64) bool { return v > at }, at
	case ">=":
		return func(v float64) bool { return v >= at }, at
	}
	t.Fatalf("%q: unknown comparison", s)
	return nil, 0
}

func TestBandsThatOtherToolsAssertAreEqualOrExplained(t *testing.T) {
	compared, found := 0, map[string]bool{}
	for _, tool := range []string{"metrik", "devopsmetrics", "middleware"} {
		var levels struct {
			Asserted [][3]any `json:"asserted"`
		}
		readJSON(t, filepath.Join(folder(t), "_levels", tool+".json"), &levels)
		for _, a := range levels.Asserted {
			name, theirs := a[0].(string), strings.ToLower(a[2].(string))
			if a[1] == nil {
				continue // nothing measured has no band, here as there
			}
			measure, value := inOurUnits(t, name, a[1])
			ours := band(t, "", measure, value)
			compared++
			key := fmt.Sprintf("%s %s %s: theirs %s, ours %s", tool, name, show(a[1]), theirs, ours)
			if ours == theirs {
				continue
			}
			found[key] = true
			if levelDiffers[key] == "" {
				t.Errorf("%s, and the table does not say why", key)
			}
		}
	}
	for key := range levelDiffers {
		if !found[key] {
			t.Errorf("the table explains %q, and there is no such value", key)
		}
	}
	t.Logf("%d values compared with the default set, %d differ", compared, len(found))
}

// inOurUnits reads a value: a number, deployments in a number of days, or a
// count an interval.
func inOurUnits(t *testing.T, name string, value any) (metric.Measure, float64) {
	t.Helper()
	intervals := map[string]float64{"day": 1, "week": 7, "month": 30}
	switch v := value.(type) {
	case float64:
		if s, ok := scales[name]; ok {
			return s.measure, v * s.unit
		}
	case []any:
		return metric.DeploymentFrequency, v[0].(float64) / v[1].(float64)
	case map[string]any:
		if n, ok := v["count"].(float64); ok {
			return metric.DeploymentFrequency, n / intervals[v["interval"].(string)]
		}
		for _, unit := range []string{"day", "week", "month"} { // the first that is not 0
			if n := v[unit].(float64); n > 0 || unit == "month" {
				return metric.DeploymentFrequency, n / intervals[unit]
			}
		}
	}
	t.Fatalf("%s: no reading of %s", name, show(value))
	return "", 0
}

// DORA's own check has no bands for 2025 but how the answers spread.
func TestTheSpreadOfAnswersIsThatOfDORAItself(t *testing.T) {
	var levels struct {
		Industry map[string]any `json:"industry_all_2025"`
	}
	readJSON(t, filepath.Join(folder(t), "_levels", "dora-dev.json"), &levels)
	b, err := metric.BenchmarkNamed("dora-2025")
	if err != nil {
		t.Fatal(err)
	}
	const hour, day, month = 3600., 86400., 30 * 86400.
	answers := []float64{6.5 * month, 3 * month, 10 * day, 2 * day, 2 * hour, hour / 2} // 1 to 6
	for theirs, m := range map[string]metric.Measure{
		"leadtime": metric.LeadTime, "deployfreq": metric.DeploymentFrequency, "failurerecovery": metric.TimeToRestore,
		"changefailure": metric.ChangeFailureRate, "rework": metric.ReworkRate,
	} {
		want := levels.Industry[theirs].(map[string]any)
		mean, sd := want["mean"].(float64), want["std"].(float64)
		if got := b.Scales[m]; got.Mean != mean || got.SD != sd {
			t.Errorf("%s: mean %g and deviation %g, theirs %g and %g", theirs, got.Mean, got.SD, mean, sd)
		}
		if b.Scales[m].LessIsBetter || m == metric.DeploymentFrequency {
			continue
		}
		for i, seconds := range answers {
			score := float64(i) / 5 * 10
			share := (1 + math.Erf((score-mean)/sd/math.Sqrt2)) / 2
			if got := b.Grade(m, seconds, nil).Percentile; got == nil || math.Abs(*got-share) > 1e-9 {
				t.Errorf("%s: answer %d has no share %g below it", theirs, i+1, share)
			}
		}
	}
}
