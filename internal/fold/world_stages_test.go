package fold

import (
	"fmt"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// builds invents green builds of a commit, also before it was merged and again
// much later.
func (w *world) builds(h *history, sha string, at time.Time) {
	for range w.r.IntN(3) {
		built := at.Add(time.Duration(w.r.IntN(30)-5) * 10 * time.Minute)
		w.say("change", fields{"repository": h.name, "sha": sha, "committed_at": at, "built_at": built, "occurred_at": built})
		w.made["build"]++
	}
}

// review invents when a pull request was looked at, sometimes in an order that
// cannot be.
func (w *world) review(f fields, merged time.Time) {
	if w.chance(70) {
		f["first_review_at"] = merged.Add(-time.Duration(w.r.IntN(16)-2) * 20 * time.Minute)
		w.made["review"]++
	}
	if w.chance(50) {
		f["approved_at"] = merged.Add(-time.Duration(w.r.IntN(4)) * 20 * time.Minute)
	}
}

// ready invents when what went to an environment below production was fit for
// more.
func (w *world) ready(d fields, ended time.Time) {
	if d["environment"] == "staging" && w.chance(50) {
		d["ready_at"] = ended.Add(time.Duration(w.r.IntN(40)) * 20 * time.Minute)
		w.made["ready"]++
	}
}

// stageCategories name what the stages of a change had.
func stageCategories(l store.Lead) (names []string) {
	for k, ends := range l.Ends() {
		stage := "stage " + string(plimsoll.Stages[k])
		switch {
		case ends[0] == 0 || ends[1] == 0:
			names = append(names, stage+" unknown")
		case ends[1] < ends[0]:
			names = append(names, stage+" backwards")
		default:
			names = append(names, stage)
		}
	}
	return names
}

// misplaced checks the stamps of a change against the deployment that delivered
// it. (definitions 2.6)
func misplaced(l store.Lead, by plimsoll.Deployment) (found []string) {
	say := func(yes bool, what string) {
		if yes {
			found = append(found, fmt.Sprintf("%s %s@%s %s", l.Service, l.Repository, l.Key, what))
		}
	}
	say(l.BuiltAt != 0 && l.BuiltAt < l.MergedAt, "was built before it was merged")
	say(l.ReadyAt != 0 && l.StagedAt != 0 && l.ReadyAt < l.StagedAt, "was ready before it was staged")
	say(l.PullRequest == 0 && (l.OpenedAt != 0 || l.FirstReviewAt != 0 || l.ApprovedAt != 0 || l.FirstCommitAt != 0), "has stamps of no pull request")
	say(l.PullRequest == 0 && l.MergedAt != l.CommittedAt, "was not merged when it was committed")
	if l.DeliveredAt == 0 {
		say(l.DeployStartedAt != 0, "is open and its deployment began")
		return found
	}
	say(l.DeployStartedAt != by.StartedAt, "has another start than its deployment")
	for _, at := range []plimsoll.Time{l.BuiltAt, l.StagedAt, l.ReadyAt} {
		say(at > by.BegunAt(), "has a stamp from after the deployment began")
	}
	return found
}
