package source

import "strings"

// LabelledIncident begins the report of an incident that is an issue with
// labels. ok is false when none of them says that it is one. Labels service:NAME,
// severity:NAME and environment:NAME say more; without a service it is that of
// the repository.
func (d *Delivery) LabelledIncident(labels []string, repository string) (r Report, ok bool) {
	wanted := d.Options.IncidentLabels
	if len(wanted) == 0 {
		wanted = []string{"incident"}
	}
	r = Report{"type": "incident", "environment": ""}
	var services []string
	for _, l := range labels {
		ok = ok || Any(wanted, l)
		key, value, _ := strings.Cut(strings.ReplaceAll(l, "::", ":"), ":")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "service":
			services = append(services, value)
		case "severity":
			r["severity"] = value
		case "environment":
			r["environment"] = value
		case "sev1", "sev2", "sev3", "sev4", "p1", "p2", "p3", "p4":
			r["severity"] = l
		case "caused-by", "caused_by":
			r["caused_by"] = value
		}
	}
	if services == nil {
		services = []string{d.Service(repository, labels...)}
	}
	r["services"] = services
	return r, ok
}
