package metric

// Durations describes how long things took, in seconds. Without a single finished item every value
// but the counts is nil.
type Durations struct {
	N    int       `json:"n"`
	P50  *float64  `json:"p50"` // interpolated, as all quantiles
	P75  *float64  `json:"p75"`
	P90  *float64  `json:"p90"`
	P95  *float64  `json:"p95"`
	Mean *float64  `json:"mean"`
	CI   *Interval `json:"ci"` // of p50; nil below 6 items

	Open      int      `json:"open"`                // begun and not finished: censored
	Negative  int      `json:"negative"`            // finished before they began (skewed clocks); left out
	Unstamped int      `json:"unstamped,omitempty"` // finished without a known beginning; left out
	KMP50     *float64 `json:"km_p50"`              // Kaplan–Meier median; nil when not reached, and unless it applies
	// KMCI is the interval of KMP50. An end is nil where it lies beyond what was seen.
	KMCI      *[2]*float64 `json:"km_ci,omitempty"`
	KMApplies bool         `json:"km_applies"` // open is more than 5 % of n: show km_p50 beside p50
	TooFew    bool         `json:"too_few"`
	Grade
	Histogram []Bin `json:"histogram,omitempty"`
}

// Bin counts the items that took less than Below, and not less than the bin before it.
type Bin struct {
	Below *float64 `json:"below"` // seconds; nil in the last bin
	N     int      `json:"n"`
}

const (
	hour = 3600.0
	day  = 24 * hour
)

// binEnds are the ends of the bins; the boundaries of the bands are among them.
var binEnds = [...]float64{hour / 4, hour, 4 * hour, 12 * hour, day, 3 * day, 7 * day, 14 * day, 30 * day, 90 * day, 180 * day}
