package native

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

var reported = words([]plimsoll.Type{
	plimsoll.TypeDeployment, plimsoll.TypeChange, plimsoll.TypePullRequest, plimsoll.TypeIncident,
	plimsoll.TypeAnalysis, plimsoll.TypeFlag, plimsoll.TypeService,
})

// ownActs are the types that only their own endpoints write.
var ownActs = []string{"freeze", "exception", "confirmation", "gate_decision", "verdict", "configuration", "target", "action", "correction"}

// typeOf reads the type. The seed's deployment form has none.
func (r *reader) typeOf() plimsoll.Type {
	s := r.name("type")
	switch {
	case slices.Contains(reported, s):
		r.typ = plimsoll.Type(s)
	case slices.Contains(ownActs, s):
		r.fail("type", "%s is an act of Plimsoll's own and cannot be reported from outside", s)
	case s != "":
		r.fail("type", "%q is unknown; expected one of %s%s", excerpt(s), strings.Join(reported, ", "), meant(s, reported))
	case slices.ContainsFunc(r.fields, func(f field) bool { return f.name == "deploy_timestamp" }):
		r.typ = plimsoll.TypeDeployment
	default:
		r.fail("type", "missing; expected one of %s", strings.Join(reported, ", "))
	}
	return r.typ
}

// derivedID names a subject by what identifies it, for senders that give no id:
// the same content is the same subject.
func derivedID(prefix string, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return prefix + hex.EncodeToString(sum[:10])
}

func (r *reader) incident() (any, string, plimsoll.Time) {
	i := plimsoll.IncidentReport{
		ID:             r.required("id"),
		Services:       r.names("services"),
		Environment:    r.name("environment"),
		Severity:       r.name("severity"),
		StartedAt:      r.time("started_at"),
		DetectedAt:     r.time("detected_at"),
		AcknowledgedAt: r.time("acknowledged_at"),
		DiagnosedAt:    r.time("diagnosed_at"),
		MitigatedAt:    r.time("mitigated_at"),
		ResolvedAt:     r.time("resolved_at"),
		CausedBy:       r.name("caused_by"),
		Title:          r.text("title", maxText),
		URL:            r.text("url", maxText),
	}
	i.Labels = r.labels()
	if i.StartedAt.Known() && i.ResolvedAt.Known() && i.ResolvedAt < i.StartedAt {
		r.fail("resolved_at", "%s is before started_at (%s)", i.ResolvedAt, i.StartedAt)
	}
	return i, i.ID, plimsoll.Last(i.StartedAt, i.DetectedAt, i.AcknowledgedAt, i.DiagnosedAt, i.MitigatedAt, i.ResolvedAt)
}

func (r *reader) analysis() (any, string, plimsoll.Time) {
	a := plimsoll.AnalysisReport{
		ID:          r.name("id"),
		Service:     r.required("service"),
		Environment: r.required("environment"),
		Phase:       r.choice("phase", plimsoll.AnalysisPhases),
		Deployment:  r.name("deployment"),
		Version:     r.name("version"),
		Name:        r.name("name"),
		StartedAt:   r.time("started_at"),
		FinishedAt:  r.time("finished_at"),
		Metrics:     r.metrics("metrics"),
	}
	a.Labels = r.labels()
	if a.Phase == "" {
		r.fail("phase", "missing; expected one of %s", strings.Join(plimsoll.AnalysisPhases, ", "))
	}
	if a.FinishedAt.Known() && a.FinishedAt < a.StartedAt {
		r.fail("finished_at", "%s is before started_at (%s)", a.FinishedAt, a.StartedAt)
	}
	if a.ID == "" {
		a.ID = derivedID("a-", a.Service, a.Environment, a.Deployment, a.Version, a.Name, a.StartedAt.Or(a.FinishedAt).String())
	}
	return a, a.ID, plimsoll.Last(a.StartedAt, a.FinishedAt)
}

// metrics reads a value of whatever shape the analysis tool gives it.
func (r *reader) metrics(field string) json.RawMessage {
	raw, ok := r.take(field)
	if !ok {
		return nil
	}
	out, err := canonical(raw, r.prefix+field+".")
	if err != nil {
		if r.err == nil && !errors.As(err, new(*plimsoll.Error)) {
			err = plimsoll.FieldErrorf(field, "%s", oneLine(err.Error(), maxText))
		}
		if r.err == nil {
			r.err = err
		}
		return nil
	}
	if len(out) > maxMetrics {
		r.fail(field, "%d bytes; at most %d are kept", len(out), maxMetrics)
	}
	return out
}

func (r *reader) flag() (any, string, plimsoll.Time) {
	f := plimsoll.FlagReport{
		ID:          r.name("id"),
		Key:         r.required("key"),
		Environment: r.required("environment"),
		Services:    r.names("services"),
		At:          r.time("at"),
		From:        r.plain("from"),
		To:          r.plain("to"),
		Fixes:       r.name("fixes"),
		URL:         r.text("url", maxText),
	}
	f.Labels = r.labels()
	if f.ID == "" {
		f.ID = derivedID("f-", f.Key, f.Environment, f.At.String(), f.From, f.To)
	}
	return f, f.ID, f.At
}

// plain reads a value of a flag, whatever scalar it is.
func (r *reader) plain(field string) string {
	raw, ok := r.take(field)
	if !ok {
		return ""
	}
	s, _ := r.scalar(field, raw)
	return s
}

func (r *reader) service() (any, string, plimsoll.Time) {
	s := plimsoll.ServiceReport{
		Name:            r.required("name"),
		Team:            r.name("team"),
		Tier:            r.name("tier"),
		Repository:      r.name("repository"),
		Paths:           r.paths("paths"),
		DependsOn:       r.names("depends_on"),
		Slack:           r.name("slack"),
		RunbookURL:      r.text("runbook_url", maxText),
		RollbackCommand: r.text("rollback_command", maxText),
	}
	r.take("id") // the subject of a service is its name
	s.Labels = r.labels()
	return s, s.Name, 0
}
