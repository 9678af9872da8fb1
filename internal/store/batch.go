package store

import (
	"database/sql"
	"encoding/json"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

var intoDeployments = into{"deployment_reports", []string{"org", "id", "service", "version", "commit_sha", "repository", "doc"},
	`ON CONFLICT (org, id) DO UPDATE SET service = excluded.service, version = excluded.version,
		commit_sha = excluded.commit_sha, repository = excluded.repository, doc = excluded.doc`}

// PutDeployments keeps deployments as all their reports add up to them, and
// returns the services that those which are not new belonged to before, by id.
func (tx *Tx) PutDeployments(ds []plimsoll.Reported) (before map[string]string, err error) {
	ids := make([]string, len(ds))
	rows := make([][]any, len(ds))
	for i, d := range ds {
		doc, err := json.Marshal(d)
		if err != nil {
			return nil, err
		}
		ids[i] = d.ID
		rows[i] = []any{tx.org, d.ID, d.Service, d.Version, d.CommitSHA, d.Repository, string(doc)}
	}
	before = map[string]string{}
	err = tx.among(`SELECT id, service FROM deployment_reports WHERE org = ? AND id`, ids, func(rows *sql.Rows) error {
		var id, service string
		err := rows.Scan(&id, &service)
		before[id] = service
		return err
	})
	if err != nil {
		return nil, err
	}
	return before, tx.insertRows(intoDeployments, lastOfEach(rows, 1))
}

// PutDeployment does what PutDeployments does for one. The service is "" if it
// is new.
func (tx *Tx) PutDeployment(d plimsoll.Reported) (before string, err error) {
	was, err := tx.PutDeployments([]plimsoll.Reported{d})
	return was[d.ID], err
}

var intoChanges = into{"changes",
	[]string{"org", "repository", "sha", "parents", "authored_at", "committed_at", "pull_request", "reverts", "bot", "subject", "more"},
	`ON CONFLICT (org, repository, sha) DO UPDATE SET parents = excluded.parents,
		authored_at = excluded.authored_at, committed_at = excluded.committed_at, pull_request = excluded.pull_request,
		reverts = excluded.reverts, bot = excluded.bot, subject = excluded.subject, more = excluded.more`}

// PutChange keeps changes as all their reports add up to them.
func (tx *Tx) PutChange(cs ...plimsoll.ChangeReport) error {
	rows := make([][]any, len(cs))
	for i, c := range cs {
		more := changeMore{Paths: c.Paths, AuthorHash: c.AuthorHash, BuiltAt: c.BuiltAt, Builds: c.Builds, Labels: c.Labels}
		number := 0
		if ref := c.PullRequest; ref != nil {
			number = ref.Number
			more.PullRequest = ref
		}
		doc := ""
		if len(more.Paths) > 0 || more.PullRequest != nil || more.AuthorHash != "" || more.BuiltAt != 0 || len(more.Labels) > 0 {
			b, err := json.Marshal(more)
			if err != nil {
				return err
			}
			doc = string(b)
		}
		rows[i] = []any{tx.org, c.Repository, c.SHA, strings.Join(c.Parents, " "), c.AuthoredAt, c.CommittedAt, number, c.Reverts, c.Bot, c.Subject, doc}
	}
	return tx.insertRows(intoChanges, lastOfEach(rows, 2))
}

var intoPullRequests = into{"pull_requests", []string{"org", "repository", "number", "doc"},
	`ON CONFLICT (org, repository, number) DO UPDATE SET doc = excluded.doc`}

// PutPullRequest keeps pull requests as all their reports add up to them.
func (tx *Tx) PutPullRequest(ps ...plimsoll.PullRequestReport) error {
	rows := make([][]any, len(ps))
	for i, p := range ps {
		doc, err := json.Marshal(p)
		if err != nil {
			return err
		}
		rows[i] = []any{tx.org, p.Repository, p.Number, string(doc)}
	}
	return tx.insertRows(intoPullRequests, lastOfEach(rows, 2))
}

// Wanting returns the services that wait for one of the commits.
func (tx *Tx) Wanting(shas ...string) (services []string, err error) {
	err = tx.among(`SELECT service FROM wanted_commits WHERE org = ? AND sha`, shas, func(rows *sql.Rows) error {
		var s string
		err := rows.Scan(&s)
		services = append(services, s)
		return err
	})
	slices.Sort(services)
	return slices.Compact(services), err
}

// among runs a query that ends with the name of a column for the rows in which
// that is one of the values.
func (tx *Tx) among(query string, values []string, scan func(rows *sql.Rows) error) error {
	if len(values) == 0 {
		return nil
	}
	if tx.db.say.arrays {
		return tx.each(query+` = ANY(CAST(? AS TEXT[]))`, tx.args(values), scan)
	}
	for _, n := range rowsAtOnce {
		in := query + ` IN (?` + strings.Repeat(`, ?`, n-1) + `)`
		for ; len(values) >= n; values = values[n:] {
			args := tx.args()
			for _, v := range values[:n] {
				args = append(args, v)
			}
			if err := tx.each(in, args, scan); err != nil {
				return err
			}
		}
	}
	return nil
}
