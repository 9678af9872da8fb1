package web_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// explainWorld is a random organisation with every oddity that an explanation
// has a reason for: five services of two teams and none, three environments of
// which two are production, merges and pull requests, clocks that are wrong,
// roll-backs planned and not, hotfixes, incidents of all sorts, and stamps of
// every stage that are missing, late and backwards.
func explainWorld(r *rand.Rand) string {
	var b strings.Builder
	for i := range 5 {
		w := explainService{b: &b, r: r, name: fmt.Sprintf("s%d", i), team: []string{"t0", "t0", "t1", "", "=t2"}[i]}
		w.at = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC).Add(time.Duration(r.IntN(72*60)) * time.Minute)
		w.more = rand.New(rand.NewPCG(uint64(w.at.UnixMicro()), uint64(i)))
		for range 20 + r.IntN(60) {
			w.step()
		}
	}
	return b.String()
}

type explainService struct {
	b          *strings.Builder
	r          *rand.Rand
	more       *rand.Rand // for what was added later, so that the rest stays
	name, team string
	at         time.Time
	head       string
	commits    int
	deployed   []string
}

func (w *explainService) stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func (w *explainService) oneIn(n int) bool { return w.r.IntN(n) == 0 }

func (w *explainService) minutes(n int) time.Duration {
	return time.Duration(w.r.IntN(n*60_000_000)) * time.Microsecond
}

func (w *explainService) emit(format string, args ...any) {
	fmt.Fprintf(w.b, format+"\n", args...)
}

func (w *explainService) step() {
	w.at = w.at.Add(w.minutes(2000))
	for range w.r.IntN(4) {
		w.commit()
	}
	w.deploy()
	if w.oneIn(9) {
		// Nobody knows what caused it, or whether it was ours.
		env := []string{"", `,"environment":"staging"`}[w.r.IntN(2)]
		services := []string{"[]", fmt.Sprintf("[%q]", w.name)}[w.r.IntN(2)]
		w.emit(`{"type":"incident","id":"X-%s-%d","services":%s,"started_at":%q%s}`, w.name, w.commits, services, w.stamp(w.at.Add(w.minutes(9000))), env)
	}
}

func (w *explainService) commit() {
	w.commits++
	sha := fmt.Sprintf("%sc%d", w.name, w.commits)
	parents, more := "[]", ""
	if w.head != "" {
		parents = fmt.Sprintf("[%q]", w.head)
		if w.oneIn(8) {
			parents = fmt.Sprintf("[%q,%q]", w.head, w.head+"side")
		}
	}
	if w.oneIn(20) {
		parents = `["never reported"]`
		if w.oneIn(2) {
			parents = `["lost"]`
		}
		parents = strings.ReplaceAll(parents, " ", "-")
	}
	written := w.at.Add(-w.minutes(5000)).Add(40 * time.Minute)
	if w.oneIn(3) {
		more = fmt.Sprintf(`,"pull_request":{"number":%d,"first_commit_at":%q,"merge_sha":%q}`, w.commits, w.stamp(written.Add(-w.minutes(600))), sha)
	}
	if w.oneIn(6) {
		more += `,"bot":true`
	}
	w.emit(`{"type":"change","sha":%q,"repository":"r/%s","committed_at":%q,"authored_at":%q,"parents":%s,"message_subject":"=1+1, \"so\""%s}`,
		sha, w.name, w.stamp(written.Add(w.minutes(30))), w.stamp(written), parents, more)
	w.way(sha, written)
	w.head = sha
}

func (w *explainService) deploy() {
	id := fmt.Sprintf("%s-d%d", w.name, len(w.deployed))
	env, result, more := "production", "success", ""
	switch w.r.IntN(5) {
	case 0:
		env = "prod-eu"
	case 1:
		env = "staging"
	}
	begin, end := fmt.Sprintf(`,"started_at":%q`, w.stamp(w.at.Add(-w.minutes(300)))), fmt.Sprintf(`,"finished_at":%q`, w.stamp(w.at))
	before := ""
	if n := len(w.deployed); n > 0 {
		before = w.deployed[n-1-w.r.IntN(min(n, 3))]
	}
	switch w.r.IntN(16) {
	case 0:
		result = "canceled"
	case 1:
		result, end = "running", ""
	case 2:
		result = "superseded"
		if w.oneIn(2) {
			more = fmt.Sprintf(`,"full_rollout_at":%q`, w.stamp(w.at))
		}
	case 3, 4:
		result = []string{"failure", "aborted"}[w.r.IntN(2)]
	case 5, 6:
		more = `,"kind":"redeploy"`
	case 7, 8, 9:
		if before != "" {
			more = fmt.Sprintf(`,"kind":"rollback","rollback_of":%q`, before)
			if w.oneIn(3) {
				more += `,"planned":true`
			}
		}
	case 10:
		more = `,"change_class":"hotfix"`
	case 11:
		more = fmt.Sprintf(`,"fixes":"X-%s-1"`, w.name)
	}
	if w.oneIn(2) {
		begin = ""
	}
	if begin == "" && end == "" {
		end, result = fmt.Sprintf(`,"finished_at":%q`, w.stamp(w.at)), "success"
	}
	if w.team != "" {
		more += fmt.Sprintf(`,"team":%q`, w.team)
	}
	if w.name == "s1" || w.oneIn(9) {
		more += `,"labels":{"tier":"gold"}`
	}
	if w.head != "" && !w.oneIn(10) {
		more += fmt.Sprintf(`,"commit_sha":%q,"repository":"r/%s"`, w.head, w.name)
	}
	more += w.rollout(env, result == "success" && !strings.Contains(more, "full_rollout_at"))
	w.analyses(id, env)
	w.emit(`{"type":"deployment","id":%q,"service":%q,"environment":%q,"version":"v%d","result":%q%s%s%s}`,
		id, w.name, env, len(w.deployed), result, begin, end, more)
	w.deployed = append(w.deployed, id)
	if w.oneIn(8) {
		// What nobody noticed is no failure, whatever the tools say.
		w.emit(`{"type":"deployment","id":%q,"service":%q,"environment":"production","version":"q%d","kind":"config","labels":{"user_effect":"none"},"result":"failure","finished_at":%q}`,
			id+"-quiet", w.name, len(w.deployed), w.stamp(w.at.Add(time.Minute)))
	}
	if w.oneIn(6) {
		resolved := ""
		from := w.at.Add(w.minutes(40))
		if w.oneIn(4) {
			resolved = fmt.Sprintf(`,"resolved_at":%q`, w.stamp(from.Add(w.minutes(4000)).Add(-10*time.Minute)))
		}
		if resolved != "" {
			w.fix("I-"+id, from)
		}
		w.emit(`{"type":"incident","id":"I-%s","services":[%q],"caused_by":%q,"severity":"high","started_at":%q%s%s}`, id, w.name, id, w.stamp(from), resolved, w.noticed(from))
	}
}
