package metric

import (
	"slices"
	"testing"
	"time"
	_ "time/tzdata" // the tests know their zones wherever they run

	"github.com/plimsoll-dev/plimsoll"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// at reads "2026-03-24 10:15" or "2026-03-24" in a zone.
func at(t testing.TB, text string, z *time.Location) plimsoll.Time {
	t.Helper()
	layout := "2006-01-02 15:04"
	v, err := time.ParseInLocation(layout[:len(text)], text, z)
	if err != nil {
		t.Fatal(err)
	}
	return plimsoll.TimeOf(v)
}

func TestDays(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	for _, c := range []struct {
		name, from, to string
		zone           *time.Location
		want           float64
	}{
		{"a month", "2026-01-01", "2026-02-01", time.UTC, 31},
		{"a 23-hour day is one", "2026-03-29", "2026-03-30", berlin, 1},
		{"a 25-hour day is one", "2026-10-25", "2026-10-26", berlin, 1},
		{"equal times of day", "2026-03-01 10:17", "2026-03-29 10:17", time.UTC, 28},
		{"equal times of day across the change", "2026-03-20 10:17", "2026-04-19 10:17", berlin, 30},
		{"within a day", "2026-03-01 06:00", "2026-03-01 18:00", time.UTC, 0.5},
		{"half of a 23-hour day", "2026-03-29 00:00", "2026-03-29 12:30", berlin, 0.5},
		{"two parts", "2026-03-01 18:00", "2026-03-03 06:00", time.UTC, 1.5},
		{"empty", "2026-03-01", "2026-03-01", time.UTC, 0},
		{"backwards", "2026-03-02", "2026-03-01", time.UTC, 0},
	} {
		w := plimsoll.Window{From: at(t, c.from, c.zone), To: at(t, c.to, c.zone)}
		if got := Days(w, c.zone); got != c.want {
			t.Errorf("%s: %v days, want %v", c.name, got, c.want)
		}
	}
	// 30 times 24 hours back across the changes of the clock.
	hours := plimsoll.Time(30 * 24 * 3600e6)
	spring, autumn := at(t, "2026-04-10 12:00", berlin), at(t, "2026-11-10 12:00", berlin)
	near(t, "spring", Days(plimsoll.Window{From: spring - hours, To: spring}, berlin), 30+1.0/24, 1e-12)
	near(t, "autumn", Days(plimsoll.Window{From: autumn - hours, To: autumn}, berlin), 30-1.0/24, 1e-12)
}

func TestBuckets(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	w := plimsoll.Window{From: at(t, "2026-03-25 12:00", berlin), To: at(t, "2026-04-07", berlin)}
	for unit, want := range map[Unit][]string{
		Week:  {"2026-03-25 12:00", "2026-03-30 00:00", "2026-04-06 00:00", "2026-04-07 00:00"},
		Month: {"2026-03-25 12:00", "2026-04-01 00:00", "2026-04-07 00:00"},
	} {
		got := Buckets(w, berlin, unit)
		if len(got) != len(want)-1 {
			t.Fatalf("%s: %d buckets", unit, len(got))
		}
		for i, b := range got {
			if b.From != at(t, want[i], berlin) || b.To != at(t, want[i+1], berlin) {
				t.Errorf("%s %d: %v to %v", unit, i, b.From, b.To)
			}
			if whole := unit == Week && i == 1; b.Partial == whole {
				t.Errorf("%s %d: partial = %v", unit, i, b.Partial)
			}
		}
	}
	days := Buckets(w, berlin, Day)
	if len(days) != 13 || !days[0].Partial || days[12].Partial || days[4].To-days[4].From != 23*3600e6 {
		t.Errorf("days: %v", days)
	}
	if Buckets(plimsoll.Window{From: w.To, To: w.From}, berlin, Day) != nil {
		t.Error("an empty window has buckets")
	}
	if !slices.Equal(Buckets(w, nil, Day), Buckets(w, time.UTC, Day)) || Days(w, nil) != Days(w, time.UTC) {
		t.Error("no zone is not UTC")
	}
}

// Every day of thirty years begins where its date first appears, also where the clock changes at
// midnight (Havana strikes twelve twice, São Paulo and Cairo skip it) or a whole day is left out.
func TestMidnight(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/Berlin", "America/Havana", "America/Sao_Paulo", "America/Asuncion",
		"Africa/Cairo", "Asia/Beirut", "Asia/Amman", "Asia/Tehran", "Atlantic/Azores", "Australia/Lord_Howe",
		"America/St_Johns", "Pacific/Apia", "Asia/Kathmandu", "Asia/Pyongyang", "America/Scoresbysund", "Africa/Casablanca"} {
		z := zone(t, name)
		date := time.Date(1995, 1, 1, 0, 0, 0, 0, time.UTC)
		for range 31 * 366 {
			m := midnight(date, z)
			if d := dateOf(m, z); d.Before(date) || d.After(date) && name != "Pacific/Apia" {
				t.Fatalf("%s: %s begins at %s", name, date.Format(time.DateOnly), m)
			}
			if !dateOf(m-1, z).Before(date) {
				t.Fatalf("%s: %s begins before %s", name, date.Format(time.DateOnly), m)
			}
			date = date.AddDate(0, 0, 1)
		}
	}
}
