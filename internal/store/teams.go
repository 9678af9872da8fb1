package store

import (
	"slices"

	"github.com/plimsoll-dev/plimsoll"
)

// mergeTeams adds the teams of the catalogue to names, sorted and without
// repetition.
func mergeTeams(names []string, services []plimsoll.ServiceReport) []string {
	for _, s := range services {
		if s.Team != "" {
			names = append(names, s.Team)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
