package native

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

var reported = []plimsoll.Type{
	plimsoll.TypeDeployment, plimsoll.TypeChange, plimsoll.TypePullRequest, plimsoll.TypeIncident,
	plimsoll.TypeAnalysis, plimsoll.TypeFlag, plimsoll.TypeService,
}

// ownActs are the types that only their own endpoints write.
var ownActs = []string{"freeze", "exception", "confirmation", "gate_decision", "verdict", "configuration", "target", "action", "correction"}

// typeOf reads the type. The seed's deployment form has none.
func (r *reader) typeOf() plimsoll.Type {
	s := r.name("type")
	if s == "" && r.err == nil {
		if _, seed := r.fields["deploy_timestamp"]; seed {
			return plimsoll.TypeDeployment
		}
	}
	words := make([]string, len(reported))
	for i, t := range reported {
		words[i] = string(t)
	}
	switch {
	case slices.Contains(words, s):
		return plimsoll.Type(s)
	case slices.Contains(ownActs, s):
		r.fail("type", "%s is an act of Plimsoll's own and cannot be reported from outside", s)
	case s == "":
		r.fail("type", "missing; expected one of %s", strings.Join(words, ", "))
	default:
		r.fail("type", "%q is unknown; expected one of %s%s", s, strings.Join(words, ", "), meant(s, words))
	}
	return ""
}

// derivedID names a subject by what identifies it, for senders that give no id:
// the same content is the same subject.
func derivedID(prefix string, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return prefix + hex.EncodeToString(sum[:10])
}

// words turns a list of string constants into plain strings.
func words[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

func (r *reader) deployment(res *Result) (any, string, []plimsoll.Time) {
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
		Strategy:      r.choice("strategy", plimsoll.Strategies...),
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
	d.Kind = plimsoll.Kind(r.choice("kind", words(plimsoll.Kinds)...))
	if t := r.time("deploy_timestamp"); t.Known() {
		if d.FinishedAt.Known() && d.FinishedAt != t {
			r.fail("deploy_timestamp", "contradicts finished_at; send one of them")
		}
		d.FinishedAt = t
	}
	d.Result = plimsoll.Result(r.choice("result", append(words(plimsoll.Results), "rollback")...))
	if d.Result == "rollback" {
		d.Result, d.Undo = plimsoll.ResultRolledBack, true
	}
	if name := r.name("deployer"); name != "" && r.err == nil && r.opt.Pseudonym != nil {
		d.Deployer = r.opt.Pseudonym("person", name)
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
	return d, d.ID, []plimsoll.Time{d.StartedAt, d.FinishedAt, d.ReadyAt, d.FullRolloutAt}
}

func (r *reader) change() (any, string, []plimsoll.Time) {
	c := plimsoll.ChangeReport{
		SHA:         r.sha("sha"),
		Repository:  r.required("repository"),
		CommittedAt: r.time("committed_at"),
		AuthoredAt:  r.time("authored_at"),
		Parents:     r.shas("parents"),
		AuthorHash:  r.name("author_hash"),
		Paths:       r.list("paths", maxList, func(f, s string) string { return r.checked(f, s, maxText) }),
		BuiltAt:     r.time("built_at"),
		Reverts:     r.sha("reverts"),
	}
	subject, _, _ := strings.Cut(r.multiline("message_subject"), "\n")
	c.Subject = r.checked("message_subject", subject, maxText)
	if bot := r.flagField("bot"); bot != nil {
		c.Bot = *bot
	}
	// Names and addresses end here: what stays is a hash that only counts.
	for _, field := range []string{"author", "author_email", "author_name", "committer", "committer_email", "committer_name"} {
		if who := r.text(field, maxText); who != "" && c.AuthorHash == "" && r.opt.Pseudonym != nil {
			c.AuthorHash = r.opt.Pseudonym("author", strings.ToLower(who))
		}
	}
	c.PullRequest = r.pullRequestRef("pull_request")
	r.take("id")
	c.Labels = r.labels()
	if c.SHA == "" {
		r.fail("sha", "missing; it is required")
	}
	if !c.CommittedAt.Known() {
		r.fail("committed_at", "missing; it is required")
	}
	return c, c.Key(), []plimsoll.Time{c.CommittedAt}
}

// multiline reads a text of which only the first line will be kept.
func (r *reader) multiline(field string) string {
	raw, ok := r.take(field)
	if !ok {
		return ""
	}
	s, err := unquoteJSON(raw)
	if err != nil {
		r.fail(field, "%s is not a string", excerpt(raw))
	}
	return s
}

// pullRequestRef reads the pull request of a change: an object, or its number.
func (r *reader) pullRequestRef(field string) *plimsoll.PullRequestRef {
	raw, ok := r.take(field)
	if !ok {
		return nil
	}
	if raw[0] != '{' {
		r.fields[field] = raw
		return &plimsoll.PullRequestRef{Number: r.number(field)}
	}
	in, err := r.nested(field, raw)
	if err != nil {
		return nil
	}
	ref := in.ref()
	in.labelsForbidden()
	if in.err != nil && r.err == nil {
		r.err = in.err
	}
	return &ref
}

// ref reads the fields that a pull request has wherever it stands.
func (r *reader) ref() plimsoll.PullRequestRef {
	p := plimsoll.PullRequestRef{
		Number:        r.number("number"),
		Branch:        r.name("branch"),
		Title:         r.text("title", maxText),
		FirstCommitAt: r.time("first_commit_at"),
		OpenedAt:      r.time("opened_at"),
		FirstReviewAt: r.time("first_review_at"),
		ApprovedAt:    r.time("approved_at"),
		MergedAt:      r.time("merged_at"),
		MergeSHA:      r.sha("merge_sha"),
		Labels:        r.names("labels"),
	}
	if p.Number == 0 {
		r.fail("number", "missing; it is required")
	}
	return p
}

func (r *reader) pullRequest() (any, string, []plimsoll.Time) {
	p := plimsoll.PullRequestReport{
		Repository: r.required("repository"),
		ClosedAt:   r.time("closed_at"),
		Commits:    r.shas("commits"),
	}
	p.PullRequestRef = r.ref()
	r.take("id")
	r.labelsForbidden()
	return p, p.Repository + "#" + strconv.Itoa(p.Number),
		[]plimsoll.Time{p.FirstCommitAt, p.OpenedAt, p.FirstReviewAt, p.ApprovedAt, p.MergedAt, p.ClosedAt}
}

func (r *reader) incident() (any, string, []plimsoll.Time) {
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
	return i, i.ID, []plimsoll.Time{i.StartedAt, i.DetectedAt, i.AcknowledgedAt, i.DiagnosedAt, i.MitigatedAt, i.ResolvedAt}
}

func (r *reader) analysis() (any, string, []plimsoll.Time) {
	a := plimsoll.AnalysisReport{
		ID:          r.name("id"),
		Service:     r.required("service"),
		Environment: r.required("environment"),
		Phase:       r.choice("phase", plimsoll.AnalysisPhases...),
		Deployment:  r.name("deployment"),
		Version:     r.name("version"),
		Name:        r.name("name"),
		StartedAt:   r.time("started_at"),
		FinishedAt:  r.time("finished_at"),
	}
	if raw, ok := r.take("metrics"); ok {
		a.Metrics = raw
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
	return a, a.ID, []plimsoll.Time{a.StartedAt, a.FinishedAt}
}

func (r *reader) flag() (any, string, []plimsoll.Time) {
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
	return f, f.ID, []plimsoll.Time{f.At}
}

// plain reads a value of a flag, whatever scalar it is.
func (r *reader) plain(field string) string {
	raw, ok := r.take(field)
	if !ok {
		return ""
	}
	return r.scalar(field, raw)
}

func (r *reader) service() (any, string, []plimsoll.Time) {
	s := plimsoll.ServiceReport{
		Name:            r.required("name"),
		Team:            r.name("team"),
		Tier:            r.name("tier"),
		Repository:      r.name("repository"),
		Paths:           r.list("paths", maxList, func(f, s string) string { return r.checked(f, s, maxText) }),
		DependsOn:       r.names("depends_on"),
		Slack:           r.name("slack"),
		RunbookURL:      r.text("runbook_url", maxText),
		RollbackCommand: r.text("rollback_command", maxText),
	}
	r.take("id")
	s.Labels = r.labels()
	return s, s.Name, nil
}
