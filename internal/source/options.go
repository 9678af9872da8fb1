package source

import (
	"cmp"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// Options are what the configuration says of a source, besides its secrets. They
// change what a delivery means.
type Options struct {
	IncidentLabels []string            // labels of issues that are incidents; default incident
	Branches       []string            // whose commits count besides those of the default branch; * stands for anything
	Deployments    []Rule              // what counts as a deployment, and of what
	Releases       string              // environment to which a published release is a deployment; "" for none
	Services       map[string]string   // repository, or the tool's name for a service → service
	ServiceLabels  []string            // labels of alerts that name the service
	Severities     []string            // severities of alerts that are incidents; default critical, page, error, high
	Fields         map[string]string   // mapping of generic JSON: field of the event → path in the body
	Values         map[string]string   // mapping of generic JSON: what a value of result, phase or type stands for
	When           map[string][]string // path in the body → values of which one must stand there, of generic JSON
}

// Rule says of what something is a deployment. All that it states must match;
// patterns may hold *.
type Rule struct {
	Repository  string `yaml:"repository"`
	Workflow    string `yaml:"workflow"` // name of a workflow; a rule that has it makes its runs deployments
	Job         string `yaml:"job"`      // name of a job; likewise
	Environment string `yaml:"environment"`
	Task        string `yaml:"task"`

	Service string `yaml:"service"` // "" for the one that the catalogue names
	As      string `yaml:"as"`      // the environment it stands for, "" for its own
	Ignore  bool   `yaml:"ignore"`  // it is no deployment
}

// Place is where something was deployed, as the tool names it.
type Place struct{ Repository, Workflow, Job, Environment, Task string }

// Deployment says which service and environment a place is. ok is false when it
// is no deployment: a rule says so, or it is the run of a workflow or job that no
// rule names.
func (d *Delivery) Deployment(p Place) (service, environment string, ok bool) {
	environment = p.Environment
	for _, r := range d.Options.Deployments {
		if !r.matches(p) {
			continue
		}
		if r.Ignore {
			return "", "", false
		}
		environment = cmp.Or(r.As, p.Environment, r.Environment)
		if service = r.Service; service == "" {
			service = d.Service(p.Repository, p.Environment, p.Task, p.Workflow, p.Job)
		}
		return service, environment, environment != ""
	}
	if p.Workflow != "" || p.Job != "" {
		return "", "", false
	}
	return d.Service(p.Repository, p.Environment, p.Task), environment, environment != ""
}

func (r Rule) matches(p Place) bool {
	if (p.Workflow != "" || p.Job != "") && r.Workflow == "" && r.Job == "" {
		return false
	}
	return like(short(r.Repository), short(p.Repository)) && like(r.Workflow, p.Workflow) && like(r.Job, p.Job) && (p.Environment == "" || like(r.Environment, p.Environment)) && like(r.Task, p.Task)
}

// like reports whether s matches a pattern in which * stands for anything. An
// empty pattern says nothing. Letter case does not matter.
func like(pattern, s string) bool {
	if pattern == "" {
		return true
	}
	pattern, s = strings.ToLower(pattern), strings.ToLower(s)
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	if !strings.HasPrefix(s, parts[0]) {
		return false
	}
	s = s[len(parts[0]):]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(s, p)
		if i < 0 {
			return false
		}
		s = s[i+len(p):]
	}
	return strings.HasSuffix(s, parts[len(parts)-1])
}

// Any reports whether one of the patterns matches.
func Any(patterns []string, s string) bool {
	for _, p := range patterns {
		if p != "" && like(p, s) {
			return true
		}
	}
	return false
}

// Repository is the name by which the house knows a repository: that of the
// catalogue if it stands there, else host/owner/name.
func (d *Delivery) Repository(address string) string {
	name := RepositoryName(address)
	for _, s := range d.Catalogue {
		if s.Repository != "" && sameRepository(s.Repository, name) {
			return s.Repository
		}
	}
	return name
}

// RepositoryName makes host/owner/name of an address.
func RepositoryName(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		address = u.Host + u.Path
	} else if at := strings.Index(address, "@"); at >= 0 {
		address = strings.Replace(address[at+1:], ":", "/", 1)
	}
	return strings.TrimSuffix(strings.Trim(address, "/"), ".git")
}

// sameRepository reports whether two names mean the same repository. A name
// without a host is that of any.
func sameRepository(a, b string) bool {
	a, b = strings.ToLower(RepositoryName(a)), strings.ToLower(RepositoryName(b))
	return a == b || !hosted(a) && short(b) == a || !hosted(b) && short(a) == b
}

func hosted(name string) bool {
	first, _, ok := strings.Cut(name, "/")
	return ok && strings.ContainsAny(first, ".:")
}

// short is a repository without its host.
func short(name string) string {
	if hosted(name) {
		_, name, _ = strings.Cut(name, "/")
	}
	return name
}

// Service says which service a repository is, or which of several: the one that
// the options name, that of the catalogue, of several the one that hints name,
// else the repository by its last name.
func (d *Delivery) Service(repository string, hints ...string) string {
	for name, service := range d.Options.Services {
		if sameRepository(name, repository) {
			return service
		}
	}
	var all []string
	for _, s := range d.Catalogue {
		if s.Repository != "" && sameRepository(s.Repository, repository) {
			all = append(all, s.Name)
		}
	}
	if len(all) == 1 {
		return all[0]
	}
	best := ""
	for _, name := range all {
		for _, h := range hints {
			if len(name) > len(best) && holdsWord(h, name) {
				best = name
			}
		}
	}
	if best != "" {
		return best
	}
	return path.Base(repository)
}

// holdsWord reports whether a text holds a name that no letter or digit touches.
func holdsWord(text, name string) bool {
	text, name = strings.ToLower(text), strings.ToLower(name)
	for from := 0; ; {
		i := strings.Index(text[from:], name)
		if i < 0 || name == "" {
			return false
		}
		i += from
		if !alnum(text, i-1) && !alnum(text, i+len(name)) {
			return true
		}
		from = i + 1
	}
}

func alnum(s string, i int) bool {
	if i < 0 || i >= len(s) {
		return false
	}
	c := s[i]
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 0x80
}

// Named maps a tool's name for a service to ours.
func (d *Delivery) Named(name string) string {
	if s := d.Options.Services[name]; s != "" {
		return s
	}
	return name
}

// Mainline reports whether the commits of a branch count.
func (d *Delivery) Mainline(branch, defaultBranch string) bool {
	return branch != "" && (branch == defaultBranch || Any(d.Options.Branches, branch))
}

// Kept are the headers that a source wants kept.
func (s *Source) Kept(h http.Header) http.Header {
	out := http.Header{}
	for _, name := range s.Headers {
		if v := h.Get(name); v != "" && len(v) <= 1000 {
			out.Set(name, v)
		}
	}
	return out
}
