package web

import (
	"fmt"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/query"
	"github.com/plimsoll-dev/plimsoll/internal/ui"
)

// The sentences that stand first on a page. They say what the numbers of the
// answer say, and nothing that was not asked.

func orgVerdict(s query.Summary, window string) ui.Verdict {
	m := s.Now
	if m.DeploymentFrequency.Deployments == 0 && m.TimeToRestore.Open == 0 {
		return ui.Verdict{Sentence: "Nothing was deployed to production in the last " + span(window) + "."}
	}
	detail := fmt.Sprintf("%s reached production in the last %s; %s.",
		count(m.DeploymentFrequency.Deployments, "deployment"), span(window), failedOf(m))
	if open := m.TimeToRestore.Open; open > 0 {
		verb := "is"
		if open > 1 {
			verb = "are"
		}
		return ui.Verdict{Sentence: fmt.Sprintf("%s %s not restored yet.", count(open, "failure"), verb), Detail: detail, Tone: ui.ToneFailed, Href: "/incidents", Link: "Open incidents"}
	}
	return ui.Verdict{Sentence: "No failure is open.", Detail: detail, Tone: ui.ToneOK}
}

func serviceVerdict(s query.Summary, deployments []query.Deployment, window string) ui.Verdict {
	if len(deployments) == 0 {
		return ui.Verdict{Sentence: "Nothing was deployed to production in the last " + span(window) + "."}
	}
	d := deployments[0]
	v := deploymentVerdict(d)
	v.Href, v.Link = ui.DeploymentHref(d.ID), "Open deployment"
	if s.Now.TimeToRestore.Open > 0 {
		v.Tone = ui.ToneFailed
		v.Detail = count(s.Now.TimeToRestore.Open, "failure") + " not restored yet. " + v.Detail
	}
	return v
}

// deploymentVerdict says what became of one deployment.
func deploymentVerdict(d query.Deployment) ui.Verdict {
	name := strings.TrimSpace(d.Service + " " + version(d))
	at := d.EndedAt().Std().Format("2006-01-02 15:04 UTC")
	var v ui.Verdict
	switch status(d) {
	case ui.Running:
		v = ui.Verdict{Sentence: name + " is rolling out since " + at + ".", Tone: ui.ToneRunning}
	case ui.Success:
		v = ui.Verdict{Sentence: name + " was deployed at " + at + ".", Detail: "Nothing known speaks against it.", Tone: ui.ToneOK}
	case ui.RolledBack:
		v = ui.Verdict{Sentence: name + ", deployed at " + at + ", was rolled back.", Tone: ui.ToneRolled}
		if d.RolledBackAt.Known() {
			v.Sentence = name + ", deployed at " + at + ", was rolled back at " + d.RolledBackAt.Std().Format("2006-01-02 15:04 UTC") + "."
		}
	case ui.Aborted:
		v = ui.Verdict{Sentence: name + " was aborted at " + at + "; the traffic went back.", Tone: ui.ToneWarning}
	case ui.Canceled:
		v = ui.Verdict{Sentence: name + " was canceled at " + at + " and never reached anybody."}
	case ui.Superseded:
		v = ui.Verdict{Sentence: name + " was superseded at " + at + "."}
	default:
		v = ui.Verdict{Sentence: name + ", deployed at " + at + ", failed.", Tone: ui.ToneFailed}
	}
	if len(d.Evidence) > 0 {
		var kinds []string
		for _, e := range d.Evidence {
			kinds = append(kinds, evidenceWords[e.Kind])
		}
		v.Detail = "Evidence: " + strings.Join(kinds, ", ") + "."
	}
	return v
}

var evidenceWords = map[plimsoll.EvidenceKind]string{
	plimsoll.EvidenceRollback: "it was rolled back",
	plimsoll.EvidenceHotfix:   "a hotfix followed",
	plimsoll.EvidenceIncident: "an incident is held against it",
	plimsoll.EvidenceCanary:   "its canary was aborted",
	plimsoll.EvidenceRollout:  "the roll-out itself failed",
}

func incidentsVerdict(s query.Summary, window string) ui.Verdict {
	all := s.Now.TimeToRestore.AllIncidents
	if all.N+all.Open == 0 {
		return ui.Verdict{Sentence: "No incident began in the last " + span(window) + "."}
	}
	v := ui.Verdict{Sentence: fmt.Sprintf("%s in the last %s.", count(all.N+all.Open, "production incident"), span(window)), Tone: ui.ToneOK}
	if all.Open > 0 {
		v.Sentence = fmt.Sprintf("%s open.", count(all.Open, "incident"))
		v.Tone = ui.ToneFailed
	}
	return v
}

func failedOf(m query.Measures) string {
	c := m.ChangeFailureRate
	if c.Counted == 0 {
		return "none of them brought a change"
	}
	if c.Failed == 0 {
		return fmt.Sprintf("none of %d failed", c.Counted)
	}
	return fmt.Sprintf("%d of %d failed", c.Failed, c.Counted)
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func span(window string) string {
	return strings.TrimSuffix(window, "d") + " days"
}

func serviceFacts(s plimsoll.ServiceReport) []ui.Fact {
	var out []ui.Fact
	add := func(name, value string, mono bool) {
		if value != "" {
			out = append(out, ui.Fact{Name: name, Value: value, Mono: mono})
		}
	}
	add("Team", s.Team, false)
	add("Repository", s.Repository, true)
	add("Paths", strings.Join(s.Paths, " "), true)
	add("Depends on", strings.Join(s.DependsOn, ", "), false)
	add("Tier", s.Tier, false)
	add("Roll back with", s.RollbackCommand, true)
	if safeLink(s.RunbookURL) {
		out = append(out, ui.Fact{Name: "Runbook", Value: s.RunbookURL, Href: s.RunbookURL})
	}
	return out
}

func deploymentFacts(d query.Deployment) []ui.Fact {
	var out []ui.Fact
	add := func(name, value string, mono bool) {
		if value != "" {
			out = append(out, ui.Fact{Name: name, Value: value, Mono: mono})
		}
	}
	out = append(out, ui.Fact{Name: "Service", Value: d.Service, Href: ui.ServiceHref(d.Service)})
	add("Environment", d.Environment, false)
	add("Version", d.Version, true)
	add("Commit", d.CommitSHA, true)
	add("Repository", d.Repository, true)
	add("Strategy", d.Strategy, false)
	add("Started", stamp(d.StartedAt), false)
	add("Rolled back", stamp(d.RolledBackAt), false)
	add("Deployed by", d.Deployer, false)
	add("Reported by", strings.Join(d.Sources, ", "), false)
	add("Contents known from", coverageWords[d.Coverage], false)
	return out
}

var coverageWords = map[plimsoll.Coverage]string{
	plimsoll.CoverageGraph:    "the commit graph",
	plimsoll.CoverageStated:   "the sender's list",
	plimsoll.CoverageHeadOnly: "the deployed commit only",
	plimsoll.CoverageFirst:    "first deployment: it starts the record",
	plimsoll.CoverageNone:     "not known",
}

func stamp(t plimsoll.Time) string {
	if !t.Known() {
		return ""
	}
	return t.Std().Format("2006-01-02 15:04:05 UTC")
}

// remarks says what weakens the numbers of a page.
func remarks(q query.DataQuality) []string {
	var out []string
	if missing := q.Deployments - q.WithCommit; missing > 0 {
		out = append(out, fmt.Sprintf("%d of %s have no known commit, so what they brought is not known.", missing, count(q.Deployments, "deployment")))
	}
	if missing := q.Deployments - q.WithKnownChanges; missing > 0 {
		out = append(out, fmt.Sprintf("%d of %s have unknown contents: the commits between them and the one before were never reported.", missing, count(q.Deployments, "deployment")))
	}
	return out
}
