package ui

import (
	"math"
	"testing"
)

func TestRatesAreSaidInAUnitOfAtLeastOne(t *testing.T) {
	for _, c := range []struct {
		perDay float64
		want   string
	}{{12.14, "12.1 /day"}, {1, "1 /day"}, {120.4, "120 /day"}, {3.2 / 7, "3.2 /week"}, {1.0 / 7, "1 /week"}, {1.4 / 30, "1.4 /month"}, {0.1 / 30, "0.1 /month"}, {0.001 / 30, "< 0.1 /month"}, {0, "0 /day"}} {
		figure, unit := rate(c.perDay)
		if got := figure + " " + unit; got != c.want {
			t.Errorf("%v a day is %q, want %q", c.perDay, got, c.want)
		}
	}
}

func TestUnknownValuesAreNoData(t *testing.T) {
	nan := math.NaN()
	for _, got := range []string{duration(nil), ratio(nil), duration(&nan), ratio(&nan)} {
		if got != "no data" {
			t.Errorf("%q", got)
		}
	}
}

func TestDifferencesCarryTheirSign(t *testing.T) {
	for got, want := range map[string]string{
		relative(79, 100): "−21 %", relative(109, 100): "+9 %", relative(100, 100): "±0 %", relative(1001, 1000): "±0 %", relative(3000, 100): "× 30", relative(1, 0): "",
		points(0.035, 0.024): "+1.1 pp", points(0.02, 0.03): "−1 pp", points(0.02, 0.02): "±0 pp",
		interval(0.012, 0.099): "1.2–9.9 %", interval(-1e-17, 0.278): "0–27.8 %",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestAFigureReadsByItsNumberOfObservations(t *testing.T) {
	for _, c := range []struct {
		name   string
		figure Figure
		want   Reading
	}{
		{"nothing", Figure{Kind: FailureRate, Band: "Elite"}, Reading{Big: "no data", Quiet: true, Second: "no deployment to count"}},
		{"four deployments", Figure{Kind: FailureRate, Value: num(0.75), N: 4, Part: 3}, Reading{Big: "too few: 3 of 4", Quiet: true, Second: "at least 5 make a figure"}},
		{"two repairs", Figure{Kind: Restore, Value: num(60), N: 2, Facts: []float64{1080, 3120}, Open: 1}, Reading{Big: "too few: 18 m, 52 m", Quiet: true, Second: "at least 5 make a figure · 1 open"}},
		{"three days", Figure{Kind: Frequency, Value: num(2), N: 3, Part: 6}, Reading{Big: "too few: 6 in 3 days", Quiet: true, Second: "at least 5 days make a figure"}},
		{"seven deployments have no band", Figure{Kind: FailureRate, Value: num(1. / 7), N: 7, Part: 1, Low: num(0.026), High: num(0.513), Band: "Low"}, Reading{Big: "14.3 %", Second: "1 of 7 · 95 % CI 2.6–51.3 %"}},
		{"seven changes show their interval", Figure{Kind: LeadTime, Value: num(3600), N: 7, Low: num(1800), High: num(7200), Band: "Low"}, Reading{Big: "1 h", Unit: "p50", Second: "n = 7 · 95 % CI 30 m – 2 h"}},
		{"enough", Figure{Kind: LeadTime, Value: num(8280), P90: num(34800), N: 231, Band: "High"}, Reading{Big: "2 h 18 m", Unit: "p50", Second: "p90 9 h 40 m · n = 231", Band: "High"}},
		{"zero failures is a value", Figure{Kind: FailureRate, Value: num(0), N: 10, Low: num(0), High: num(0.278), Band: "Elite–Low"}, Reading{Big: "0 %", Second: "0 of 10 · 95 % CI 0–27.8 %", Band: "Elite–Low"}},
		{"frequency", Figure{Kind: Frequency, Value: num(12.1), N: 30, Part: 363, Band: "Elite"}, Reading{Big: "12.1", Unit: "/day", Second: "363 deployments in 30 days", Band: "Elite"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.figure.Read(); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

func TestADeltaHasColourOnlyWhereItIsDistinguishable(t *testing.T) {
	for _, c := range []struct {
		name   string
		figure Figure
		want   Delta
	}{
		{"faster", Figure{Kind: LeadTime, Value: num(79), Previous: num(100), N: 20, Distinguishable: true}, Delta{"−21 %", "1 m 40 s", "better", "better"}},
		{"more often", Figure{Kind: Frequency, Value: num(12.1), Previous: num(11.1), N: 30, Distinguishable: true}, Delta{"+9 %", "11.1 /day", "better", "better"}},
		{"more failures", Figure{Kind: FailureRate, Value: num(0.035), Previous: num(0.024), N: 85, Distinguishable: true}, Delta{"+1.1 pp", "2.4 %", "worse", "worse"}},
		{"noise", Figure{Kind: FailureRate, Value: num(0.035), Previous: num(0.024), N: 85}, Delta{"+1.1 pp", "2.4 %", "noise", "within noise"}},
		{"before nothing", Figure{Kind: Frequency, Value: num(1), Previous: num(0), N: 30}, Delta{"", "0 /day", "noise", "within noise"}},
		{"no earlier period", Figure{Kind: Frequency, Value: num(1), N: 30}, Delta{}},
		{"too few", Figure{Kind: FailureRate, Value: num(1), Previous: num(0), N: 3}, Delta{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.figure.Delta(); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}
