// Package vendors lists the tools whose deliveries can be taken. It refuses to
// hold anything of its own: each of them is a package beside it.
package vendors

import (
	"slices"

	"github.com/plimsoll-dev/plimsoll/internal/source"
	"github.com/plimsoll-dev/plimsoll/internal/source/alerts"
	"github.com/plimsoll-dev/plimsoll/internal/source/cdevents"
	"github.com/plimsoll-dev/plimsoll/internal/source/generic"
	"github.com/plimsoll-dev/plimsoll/internal/source/gitea"
	"github.com/plimsoll-dev/plimsoll/internal/source/github"
	"github.com/plimsoll-dev/plimsoll/internal/source/gitlab"
)

var all = []source.Source{
	github.Source(),
	gitlab.Source(),
	gitea.Source(),
	alerts.Alertmanager(),
	alerts.PagerDuty(),
	alerts.IncidentIO(),
	cdevents.Source(),
	generic.Source(),
}

// All returns every kind of tool, in the order of the documentation.
func All() []source.Source { return slices.Clone(all) }

// Names lists their names, sorted.
func Names() []string {
	var out []string
	for _, s := range all {
		out = append(out, s.Name)
	}
	slices.Sort(out)
	return out
}

// ByName returns a kind of tool.
func ByName(name string) (source.Source, bool) {
	for _, s := range all {
		if s.Name == name {
			return s, true
		}
	}
	return source.Source{}, false
}
