package sim

import (
	"strconv"

	"github.com/plimsoll-dev/plimsoll"
)

// Item is one report of the simulated organisation. Exactly one of the pointers
// is set, by Type. What they point to is the reader's own.
type Item struct {
	At         plimsoll.Time // when it is sent; never before what it speaks of
	Seq        int64         // position in the stream, from 1
	Type       plimsoll.Type
	Source     string        // the tool that says it
	OccurredAt plimsoll.Time // zero: the latest time that the report contains

	Deployment  *plimsoll.DeploymentReport
	Change      *plimsoll.ChangeReport
	PullRequest *plimsoll.PullRequestReport
	Incident    *plimsoll.IncidentReport
	Analysis    *plimsoll.AnalysisReport
	Flag        *plimsoll.FlagReport
	Service     *plimsoll.ServiceReport
}

// DeliveryID names the sending of the item: the same in every run of the same
// Config.
func (i *Item) DeliveryID() string { return "sim-" + strconv.FormatInt(i.Seq, 10) }

// AppendJSON appends the item as one object of our own event form, without a
// newline. delivery is its delivery_id, "" for none.
func (i *Item) AppendJSON(b []byte, delivery string) []byte {
	w := writer{b: append(b, '{')}
	w.text("type", string(i.Type))
	w.text("source", i.Source)
	w.text("delivery_id", delivery)
	w.time("occurred_at", i.OccurredAt)
	switch {
	case i.Deployment != nil:
		w.deployment(i.Deployment)
	case i.Change != nil:
		w.change(i.Change)
	case i.PullRequest != nil:
		w.pullRequest(i.PullRequest)
	case i.Incident != nil:
		w.incident(i.Incident)
	case i.Analysis != nil:
		w.analysis(i.Analysis)
	case i.Flag != nil:
		w.flag(i.Flag)
	case i.Service != nil:
		w.service(i.Service)
	}
	return append(w.b, '}')
}

func (w *writer) deployment(d *plimsoll.DeploymentReport) {
	w.text("id", d.ID)
	w.text("service", d.Service)
	w.text("environment", d.Environment)
	w.text("version", d.Version)
	w.text("commit_sha", d.CommitSHA)
	w.text("repository", d.Repository)
	w.time("commit_timestamp", d.CommitAt)
	w.time("started_at", d.StartedAt)
	w.time("finished_at", d.FinishedAt)
	w.text("result", string(d.Result))
	w.text("kind", string(d.Kind))
	w.text("strategy", d.Strategy)
	if d.Planned != nil {
		w.yes("planned", *d.Planned)
	}
	w.text("rollback_of", d.RollbackOf)
	w.text("fixes", d.Fixes)
	w.text("change_class", d.ChangeClass)
	w.text("group_id", d.GroupID)
	w.time("ready_at", d.ReadyAt)
	w.time("full_rollout_at", d.FullRolloutAt)
	if d.Waited != nil {
		w.key("waited_seconds")
		w.b = strconv.AppendFloat(w.b, *d.Waited, 'f', -1, 64)
	}
	w.text("deployer", d.Deployer)
	w.text("team", d.Team)
	w.text("url", d.URL)
	w.text("previous_sha", d.PreviousSHA)
	w.list("changes", d.Changes)
	w.labels(d.Labels)
}

func (w *writer) change(c *plimsoll.ChangeReport) {
	w.text("sha", c.SHA)
	w.text("repository", c.Repository)
	w.time("authored_at", c.AuthoredAt)
	w.time("committed_at", c.CommittedAt)
	w.list("parents", c.Parents)
	w.text("message_subject", c.Subject)
	w.text("author_hash", c.AuthorHash)
	w.yes("bot", c.Bot)
	w.list("paths", c.Paths)
	if p := c.PullRequest; p != nil {
		w.key("pull_request")
		w.b = strconv.AppendInt(w.b, int64(p.Number), 10) // the rest is said of the pull request itself
	}
	w.time("built_at", c.BuiltAt)
	w.text("reverts", c.Reverts)
	w.labels(c.Labels)
}

func (w *writer) pullRequest(p *plimsoll.PullRequestReport) {
	w.text("repository", p.Repository)
	w.key("number")
	w.b = strconv.AppendInt(w.b, int64(p.Number), 10)
	w.text("branch", p.Branch)
	w.text("title", p.Title)
	w.time("first_commit_at", p.FirstCommitAt)
	w.time("opened_at", p.OpenedAt)
	w.time("first_review_at", p.FirstReviewAt)
	w.time("approved_at", p.ApprovedAt)
	w.time("merged_at", p.MergedAt)
	w.text("merge_sha", p.MergeSHA)
	w.time("closed_at", p.ClosedAt)
	w.list("labels", p.Labels)
	w.list("commits", p.Commits)
}

func (w *writer) incident(i *plimsoll.IncidentReport) {
	w.text("id", i.ID)
	w.list("services", i.Services)
	w.text("environment", i.Environment)
	w.text("severity", i.Severity)
	w.time("started_at", i.StartedAt)
	w.time("detected_at", i.DetectedAt)
	w.time("acknowledged_at", i.AcknowledgedAt)
	w.time("diagnosed_at", i.DiagnosedAt)
	w.time("mitigated_at", i.MitigatedAt)
	w.time("resolved_at", i.ResolvedAt)
	w.text("caused_by", i.CausedBy)
	w.text("title", i.Title)
	w.text("url", i.URL)
	w.labels(i.Labels)
}

func (w *writer) analysis(a *plimsoll.AnalysisReport) {
	w.text("id", a.ID)
	w.text("service", a.Service)
	w.text("environment", a.Environment)
	w.text("phase", a.Phase)
	w.text("deployment", a.Deployment)
	w.text("version", a.Version)
	w.text("name", a.Name)
	w.time("started_at", a.StartedAt)
	w.time("finished_at", a.FinishedAt)
	if a.Metrics != nil {
		w.key("metrics")
		w.b = append(w.b, a.Metrics...)
	}
	w.labels(a.Labels)
}

func (w *writer) flag(f *plimsoll.FlagReport) {
	w.text("id", f.ID)
	w.text("key", f.Key)
	w.text("environment", f.Environment)
	w.list("services", f.Services)
	w.time("at", f.At)
	w.text("from", f.From)
	w.text("to", f.To)
	w.text("fixes", f.Fixes)
	w.text("url", f.URL)
	w.labels(f.Labels)
}

func (w *writer) service(s *plimsoll.ServiceReport) {
	w.text("name", s.Name)
	w.text("team", s.Team)
	w.text("tier", s.Tier)
	w.text("repository", s.Repository)
	w.list("paths", s.Paths)
	w.list("depends_on", s.DependsOn)
	w.text("slack", s.Slack)
	w.text("runbook_url", s.RunbookURL)
	w.text("rollback_command", s.RollbackCommand)
	w.labels(s.Labels)
}
