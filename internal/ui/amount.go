package ui

// Amount writes a value of an explained measure in words: per_day, ratio or s, the units of the API. It is
// "no data" for nil.
func Amount(unit string, v *float64) string {
	switch {
	case !known(v):
		return noData
	case unit == "ratio":
		return ratio(v)
	case unit == "per_day":
		figure, per := rate(*v)
		return figure + " " + per
	}
	return duration(v)
}
