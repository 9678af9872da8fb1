package native

import (
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

var (
	kinds   = words(plimsoll.Kinds)
	results = append(words(plimsoll.Results), seedRollback)
)

// seedRollback is how the seed's form says that a deployment was taken back.
const seedRollback = "rollback"

// words turns a list of string constants into plain strings.
func words[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return slices.Clip(out)
}

func (r *reader) deployment(res *Result) (any, string, plimsoll.Time) {
	d := plimsoll.DeploymentReport{
		ID:            r.name("id"),
		Service:       r.required("service"),
		Environment:   r.required("environment"),
		Version:       r.name("version"),
		CommitSHA:     r.sha("commit_sha"),
		Repository:    r.name("repository"),
		CommitAt:      r.time("commit_timestamp"),
		StartedAt:     r.time("started_at"),
		FinishedAt:    r.time("finished_at"),
		Kind:          plimsoll.Kind(r.choice("kind", kinds)),
		Strategy:      r.choice("strategy", plimsoll.Strategies),
		Planned:       r.flagField("planned"),
		RollbackOf:    r.name("rollback_of"),
		Fixes:         r.name("fixes"),
		ChangeClass:   r.name("change_class"),
		GroupID:       r.name("group_id"),
		ReadyAt:       r.time("ready_at"),
		FullRolloutAt: r.time("full_rollout_at"),
		Waited:        r.seconds("waited_seconds"),
		Team:          r.name("team"),
		URL:           r.text("url", maxText),
		PreviousSHA:   r.sha("previous_sha"),
		Changes:       r.shas("changes"),
	}
	if t := r.time("deploy_timestamp"); t.Known() {
		if d.FinishedAt.Known() && d.FinishedAt != t {
			r.fail("deploy_timestamp", "contradicts finished_at; send one of them")
		}
		d.FinishedAt = t
	}
	r.outcome(&d)
	var name string
	if d.Deployer, name = r.pseudonym("person", "deployer"); name != "" && r.err == nil {
		if res.People == nil {
			res.People = map[string]string{}
		}
		res.People[d.Deployer] = name
	}
	d.Labels = r.labels()
	switch {
	case !d.StartedAt.Known() && !d.FinishedAt.Known():
		r.fail("finished_at", "missing; a deployment needs started_at or finished_at")
	case d.FinishedAt.Known() && d.FinishedAt < d.StartedAt:
		r.fail("finished_at", "%s is before started_at (%s)", d.FinishedAt, d.StartedAt)
	case d.FinishedAt.Known() && d.Result == plimsoll.ResultRunning:
		r.fail("result", "running contradicts finished_at; leave one of them out")
	}
	if d.ID == "" {
		d.ID = derivedID("d-", d.Service, d.Environment, d.Version, d.CommitSHA, d.BegunAt().String())
	}
	return d, d.ID, plimsoll.Last(d.StartedAt, d.FinishedAt, d.ReadyAt, d.FullRolloutAt)
}

// outcome reads the result. undo is how an event that was decoded before says
// that its result is the outcome of the deployment it names.
func (r *reader) outcome(d *plimsoll.DeploymentReport) {
	d.Result = plimsoll.Result(r.choice("result", results))
	if undo := r.flagField("undo"); undo != nil {
		d.Undo = *undo
	}
	if d.Result == seedRollback {
		d.Result, d.Undo = plimsoll.ResultRolledBack, true
	}
	if d.Undo && d.Result != plimsoll.ResultRolledBack {
		r.fail("undo", "only a result of rolled_back can be one; leave it out")
	}
}

// pseudonym reads the name or address of a person. It returns the reference
// that takes its place, and the name behind it unless a reference was sent.
func (r *reader) pseudonym(kind, field string) (ref, name string) {
	name = r.text(field, maxText)
	if name == "" || r.opt.Pseudonym == nil {
		return "", ""
	}
	if reference(kind, name) {
		return name, ""
	}
	if kind == "author" { // addresses do not differ by case; a deployer's name is shown as sent
		name = strings.ToLower(name)
	}
	return r.opt.Pseudonym(kind, name), name
}

// reference reports whether s has the form of a reference of ours: the first
// letter of its kind, a dash and twenty hexadecimal digits.
func reference(kind, s string) bool {
	if len(s) != 22 || s[:2] != kind[:1]+"-" {
		return false
	}
	for _, c := range []byte(s[2:]) {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f') {
			return false
		}
	}
	return true
}
