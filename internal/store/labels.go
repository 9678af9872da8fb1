package store

// leadWhere renders the filter for lead_times, but for its time.
func (f Filter) leadWhere() (string, []any) {
	return Filter{Service: f.Service, Team: f.Team}.where("", false)
}
