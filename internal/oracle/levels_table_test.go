package oracle

// devlakeDiffers says why a band of DevLake's edition is not that of our set of
// the same year. DevLake's frequency is left out: it bands the median number of
// days with a deployment in a week, and ours deployments a day.
var devlakeDiffers = map[string]string{
	"2021 change_failure_rate: theirs medium, ours high": "DORA published 16–30 % for High, Medium and Low alike; " +
		"ours gives the best of the three, theirs adds a boundary of 20 % that the report does not have",
}

// The reasons of levelDiffers, by tool.
const (
	ownBands      = "Metrik's own boundaries; ours are those of the default set"
	metrikRound   = "Metrik rounds to two decimals before it compares, so 59.9 minutes are an hour; ours compares what was measured"
	threeBands    = "DevOpsMetrics has three bands and calls the best of them High"
	zeroNone      = "DevOpsMetrics writes 0 where nothing was measured; here 0 is a value, and nothing measured has no band"
	onceADay      = "exactly one a day is High in every set of ours: Elite is published as on demand, several a day"
	severalAMonth = "Middleware counts more than one a month as High; ours needs one a week"
)

// levelDiffers says why a band that a tool asserts is not that of our default
// set. These tools name no year; most of their boundaries are their own.
var levelDiffers = map[string]string{
	"metrik change_failure_rate 0.3: theirs medium, ours low":     ownBands,
	"metrik change_failure_rate 0.15: theirs high, ours medium":   ownBands,
	"metrik change_failure_rate 0.14: theirs elite, ours medium":  ownBands,
	"metrik deployments_per_days [1,7]: theirs medium, ours high": ownBands,
	"metrik deployments_per_days [1,30]: theirs low, ours medium": ownBands,
	"metrik lead_time_days 0.5: theirs elite, ours high":          ownBands,
	"metrik recovery_hours 0.999: theirs high, ours elite":        metrikRound,

	"devopsmetrics deployments_per_day 1.01: theirs high, ours elite":      threeBands,
	"devopsmetrics deployments_per_day 0.142857: theirs medium, ours high": threeBands,
	"devopsmetrics deployments_per_day 0.7143: theirs medium, ours high":   threeBands,
	"devopsmetrics lead_time_hours 0.75: theirs high, ours elite":          threeBands,
	"devopsmetrics recovery_hours 0.75: theirs high, ours elite":           threeBands,
	"devopsmetrics change_failure_rate 0: theirs high, ours elite":         threeBands,
	"devopsmetrics change_failure_rate 0.2: theirs medium, ours low":       threeBands,
	"devopsmetrics deployments_per_day 0: theirs none, ours low":           zeroNone,
	"devopsmetrics lead_time_hours 0: theirs none, ours elite":             zeroNone,

	`middleware deployment_frequency {"count":1,"interval":"day"}: theirs elite, ours high`:                onceADay,
	`middleware deployment_frequency {"count":2,"interval":"month"}: theirs high, ours medium`:             severalAMonth,
	`middleware deployment_frequency_from_averages {"day":0,"month":4,"week":0}: theirs high, ours medium`: severalAMonth,
}
