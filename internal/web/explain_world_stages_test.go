package web_test

import (
	"fmt"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// maybe is a field with a time around t, or nothing.
func (w *explainService) maybe(name string, t time.Time) string {
	if w.more.IntN(4) == 0 {
		return ""
	}
	return fmt.Sprintf(`,%q:%q`, name, w.stamp(t.Add(time.Duration(w.more.IntN(200*60_000_000)-20*60_000_000)*time.Microsecond)))
}

// way invents the pull request of a commit and its build, some of it in an
// order that cannot be.
func (w *explainService) way(sha string, written time.Time) {
	if w.more.IntN(2) == 0 {
		begun := written
		if w.more.IntN(4) == 0 {
			begun = written.Add(-30 * time.Hour) // the commit came late in its review
		}
		w.emit(`{"type":"pull_request","repository":"r/%s","number":%d,"merge_sha":%q%s%s%s%s}`, w.name, w.commits, sha,
			w.maybe("first_commit_at", begun), w.maybe("opened_at", begun.Add(2*time.Hour)), w.maybe("first_review_at", begun.Add(5*time.Hour)),
			w.maybe("merged_at", begun.Add(8*time.Hour)))
	}
	if built := written.Add(time.Hour); w.more.IntN(2) == 0 {
		w.emit(`{"type":"change","sha":%q,"repository":"r/%s","committed_at":%q,"occurred_at":%q%s}`, sha, w.name, w.stamp(written.Add(30*time.Minute)), w.stamp(built), w.maybe("built_at", built))
	}
}

// rollout invents how a deployment was rolled out.
func (w *explainService) rollout(env string, good bool) (fields string) {
	if s := w.more.IntN(len(plimsoll.Strategies) + 1); s > 0 {
		fields = fmt.Sprintf(`,"strategy":%q`, plimsoll.Strategies[s-1])
	}
	if w.more.IntN(3) == 0 {
		fields += fmt.Sprintf(`,"waited_seconds":%d.25`, w.more.IntN(9000)) // at times longer than all of it
	}
	if good && w.more.IntN(4) == 0 {
		fields += w.maybe("full_rollout_at", w.at.Add(-20*time.Minute))
	}
	if env == "staging" {
		fields += w.maybe("ready_at", w.at.Add(10*time.Minute))
	}
	return fields
}

// analyses invents the runs that judged a deployment, some of which never end.
func (w *explainService) analyses(id, env string) {
	for k := range w.more.IntN(3) {
		phase, end := plimsoll.AnalysisPhases[w.more.IntN(len(plimsoll.AnalysisPhases))], ""
		if phase != "running" {
			end = fmt.Sprintf(`,"finished_at":%q`, w.stamp(w.at.Add(time.Duration(k*7)*time.Minute)))
		}
		w.emit(`{"type":"analysis","id":"%s-a%d","service":%q,"environment":%q,"deployment":%q,"name":"errors","phase":%q,"started_at":%q%s}`,
			id, k, w.name, env, id, phase, w.stamp(w.at.Add(-9*time.Minute)), end)
	}
}

// fix rolls out a repair, at times later than the incident lasted.
func (w *explainService) fix(incident string, from time.Time) {
	at := from.Add(time.Duration(w.more.IntN(60)) * time.Minute)
	w.emit(`{"type":"deployment","id":"%s-fix","service":%q,"environment":"production","version":"fix-%s","fixes":%q,"started_at":%q,"finished_at":%q}`,
		incident, w.name, incident, incident, w.stamp(at), w.stamp(at.Add(8*time.Minute)))
}

// noticed invents when an incident was seen and understood.
func (w *explainService) noticed(from time.Time) string {
	return w.maybe("detected_at", from) + w.maybe("acknowledged_at", from.Add(30*time.Minute)) + w.maybe("diagnosed_at", from.Add(time.Hour))
}
