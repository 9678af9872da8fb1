package sim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// Sent is one delivery as the tool of a vendor would send it to a webhook.
type Sent struct {
	At      plimsoll.Time
	Source  string // github, gitlab, pagerduty, alertmanager or argo-rollouts
	Headers map[string]string
	Body    []byte
}

// Vendors turns the stream into deliveries of vendors' tools, with the fields
// that their documentation names. What a tool would not say is lost: which
// incident a roll-back belongs to, or how long a service was bad before anybody
// noticed. Catalogue entries, feature flags and what a cluster shows to a watch
// have no delivery.
//
// A quarter of the repositories live at GitLab, the rest at GitHub; a third of
// the incidents come from Alertmanager, the rest from PagerDuty.
type Vendors struct {
	secret string
	emit   func(Sent) error
	err    error

	push     []*Item // commits that were pushed together and not yet told
	pulls    map[string]*plimsoll.PullRequestReport
	deployed map[string]plimsoll.DeploymentReport // by id, what was told first: later reports leave out what they repeat
	status   map[string]string                    // of incidents, the last one
}

// NewVendors returns a converter that hands over to emit. secret signs, or is
// sent along, as each vendor does it; "" leaves that out.
func NewVendors(secret string, emit func(Sent) error) *Vendors {
	return &Vendors{secret: secret, emit: emit, pulls: map[string]*plimsoll.PullRequestReport{}, deployed: map[string]plimsoll.DeploymentReport{}, status: map[string]string{}}
}

// Take converts the next item.
func (v *Vendors) Take(i *Item) error {
	c := i.Change
	pushed := c != nil && !c.BuiltAt.Known()
	if len(v.push) > 0 && (!pushed || c.Repository != v.push[0].Change.Repository || i.At != v.push[0].At || v.complete()) {
		v.flush()
	}
	switch {
	case pushed:
		v.push = append(v.push, i)
	case c != nil && atGitLab(c.Repository):
		v.pipeline(i)
	case c != nil:
		v.workflowRun(i)
	case i.PullRequest != nil && atGitLab(i.PullRequest.Repository):
		v.mergeRequest(i)
	case i.PullRequest != nil:
		v.pullRequest(i)
	case i.Deployment != nil:
		v.deployment(i)
	case i.Incident != nil && number(i.Incident.ID)%3 == 0:
		v.alert(i)
	case i.Incident != nil:
		v.page(i)
	case i.Analysis != nil:
		v.analysisRun(i)
	}
	return v.err
}

// Flush converts what waits for more. It must be called at the end.
func (v *Vendors) Flush() error {
	v.flush()
	return v.err
}

// complete reports whether the commits that wait end in a merge or stand for a
// pull request by themselves: the next commit is another push.
func (v *Vendors) complete() bool {
	last := v.push[len(v.push)-1].Change
	return last.Merge() || last.PullRequest == nil
}

func (v *Vendors) flush() {
	if len(v.push) == 0 {
		return
	}
	items := v.push
	v.push = nil
	if atGitLab(items[0].Change.Repository) {
		v.gitlabPush(items)
	} else {
		v.githubPush(items)
	}
}

func (v *Vendors) deployment(i *Item) {
	d := *i.Deployment
	was, again := v.deployed[d.ID]
	if again {
		d = was.Over(d)
	} else {
		v.deployed[d.ID] = plimsoll.DeploymentReport{Repository: d.Repository, CommitSHA: d.CommitSHA, Version: d.Version, StartedAt: d.StartedAt}
	}
	switch {
	case i.Source == "argo-rollouts":
		v.rollout(i, &d)
	case i.Source == "kubernetes": // told by watching the cluster, not by a delivery
	case atGitLab(d.Repository):
		v.gitlabDeployment(i, &d, !again)
	default:
		v.githubDeployment(i, &d, !again)
	}
}

// object is a JSON object.
type object map[string]any

func (v *Vendors) send(at plimsoll.Time, source string, headers map[string]string, body object) {
	if v.err != nil {
		return
	}
	b, err := json.Marshal(body)
	if err != nil {
		v.err = err
		return
	}
	headers["Content-Type"] = "application/json"
	if v.secret != "" {
		sum := hmac.New(sha256.New, []byte(v.secret))
		sum.Write(b)
		signature := hex.EncodeToString(sum.Sum(nil))
		switch source {
		case "github":
			headers["X-Hub-Signature-256"] = "sha256=" + signature
		case "gitlab":
			headers["X-Gitlab-Token"] = v.secret
		case "pagerduty":
			headers["X-PagerDuty-Signature"] = "v1=" + signature
		case "alertmanager", "argo-rollouts":
			headers["Authorization"] = "Bearer " + v.secret
		}
	}
	v.err = v.emit(Sent{At: at, Source: source, Headers: headers, Body: b})
}

// atGitLab reports where a repository lives.
func atGitLab(repository string) bool { return number(repository)%4 == 0 }

// number is a positive number that stands for a name, as vendors give to all
// they keep.
func number(name string) int64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return int64(mix(h.Sum64())>>24) + 1
}

// uuid is a delivery id that stands for a name.
func uuid(name string) string {
	sum := sha256.Sum256([]byte(name))
	x := hex.EncodeToString(sum[:16])
	return fmt.Sprintf("%s-%s-4%s-a%s-%s", x[:8], x[8:12], x[13:16], x[17:20], x[20:32])
}

// rfc is RFC 3339 in UTC, or nil for an unknown time.
func rfc(t plimsoll.Time) any {
	if t == 0 {
		return nil
	}
	return string(appendTime(nil, t))
}

// millis is RFC 3339 with three more digits, as PagerDuty and Alertmanager write.
func millis(t plimsoll.Time) string {
	return strings.TrimSuffix(string(appendTime(nil, t)), "Z") + ".000Z"
}

// person is an author as a vendor names one. Nobody has this name.
func person(hash string) (name, email string) {
	return "Dev " + hash, hash + "@example.com"
}

// short cuts a repository like acme/web into owner and name.
func short(repository string) (owner, name string) {
	owner, name, _ = strings.Cut(repository, "/")
	return owner, name
}

// offset writes a time in a zone, in one of the layouts of GitLab.
func offset(t plimsoll.Time, layout string) string {
	return t.Std().In(time.FixedZone("", 2*3600)).Format(layout)
}

func itoa[T int | int64](n T) string { return strconv.FormatInt(int64(n), 10) }
