package fold

import "time"

// service invents the catalogue entry and the deployments of a service.
func (w *world) service(name, repository string, paths []string) {
	if w.chance(70) {
		entry := fields{"name": name, "team": pick(w, "blue", "red"), "repository": repository, "occurred_at": worldStart}
		if paths != nil {
			entry["paths"] = paths
		}
		w.depend(entry, name)
		w.say("service", entry)
		if w.chance(30) {
			w.say("service", fields{"name": name, "team": "green", "repository": pick(w, repository, "acme/web"), "occurred_at": w.moment()})
			again := fields{"name": name, "occurred_at": w.moment()}
			w.depend(again, name)
			w.say("service", again)
			w.made["catalogue changed"]++
		}
	}
	for _, environment := range []string{"production-eu", "production-us", "staging"} {
		if environment == "production-eu" || w.chance(50) {
			w.roll(name, environment, w.repos[repository])
		}
	}
}

// roll invents the deployments of one environment.
func (w *world) roll(service, environment string, h *history) {
	at := worldStart.Add(time.Duration(w.r.IntN(72)) * 20 * time.Minute)
	head := w.r.IntN(len(h.line) / 2)
	named := w.chance(60) // events name their repository
	for range 4 + w.r.IntN(8) {
		at = at.Add(time.Duration(1+w.r.IntN(100)) * 20 * time.Minute)
		before := head
		back := false
		switch {
		case w.chance(60):
			head = min(head+1+w.r.IntN(3), len(h.line)-1)
		case w.chance(60):
			head, back = max(head-1-w.r.IntN(3), 0), true
		}
		d := fields{
			"id": w.next("d"), "service": service, "environment": environment,
			"commit_sha": h.line[head].sha, "version": w.versionOf(h.line[head].sha),
			"started_at": at.Add(-time.Duration(w.r.IntN(30)) * time.Minute), "finished_at": at,
			"source": pick(w, "github", "argocd"), "team": pick(w, "", "", "blue", "red"),
		}
		if named {
			d["repository"] = h.name
		}
		w.ready(d, at)
		w.colour(d, back)
		w.deploy(d)
		w.aftermath(d, h, before)
	}
}

func (w *world) versionOf(sha string) string {
	if w.versions[sha] == "" {
		w.versions[sha] = w.next("v")
	}
	return w.versions[sha]
}

// colour gives a deployment what makes it special.
func (w *world) colour(d fields, back bool) {
	switch {
	case w.chance(8):
		delete(d, "commit_sha")
		w.made["version only"]++
	case w.chance(8):
		delete(d, "version")
	case w.chance(3):
		delete(d, "version")
		delete(d, "commit_sha")
		w.made["no build named"]++
	case w.chance(5):
		d["version"] = w.next("v")
		w.made["another version of the commit"]++
	case w.chance(6):
		// The seed's form of somebody who reports no commits.
		d["commit_sha"] = w.next("x")
		d["commit_timestamp"] = d["started_at"].(time.Time).Add(-time.Hour)
		w.made["head only"]++
	}
	if w.chance(25) {
		result := pick(w, "failure", "aborted", "canceled", "superseded", "rolled_back", "success", "running")
		d["result"] = result
		if result == "running" {
			delete(d, "finished_at")
		}
		if result == "superseded" && w.chance(50) {
			d["full_rollout_at"] = d["finished_at"]
		}
	}
	switch {
	case back && w.chance(40):
		d["kind"] = "rollback"
		if len(w.ids) > 0 && w.chance(50) {
			d["rollback_of"] = w.ids[max(0, len(w.ids)-1-w.r.IntN(3))]
		}
		if w.chance(20) {
			d["planned"] = true
			w.made["planned"]++
		}
	case w.chance(6):
		d["kind"] = "hotfix"
		if len(w.ids) > 0 && w.chance(30) {
			d["rollback_of"] = w.ids[max(0, len(w.ids)-1-w.r.IntN(3))]
		}
	case w.chance(4):
		d["change_class"] = pick(w, "config", "hotfix", "rollback")
	case w.chance(4):
		d["kind"], d["labels"] = "config", map[string]string{"user_effect": "none"}
		w.made["without user effect"]++
	}
	if w.chance(10) {
		d["url"] = "https://ci.example.com/" + d["id"].(string)
	}
	w.ids = append(w.ids, d["id"].(string))
}

// deploy reports a deployment in one event or in two.
func (w *world) deploy(d fields) {
	w.deployed = append(w.deployed, d)
	begun, ended := d["started_at"].(time.Time), d["finished_at"]
	if ended != nil && w.chance(30) {
		w.made["update"]++
		w.say("deployment", fields{"id": d["id"], "service": d["service"], "environment": d["environment"], "started_at": begun, "result": pick(w, "", "running"), "source": d["source"]})
	}
	c := fields{}
	for k, v := range d {
		c[k] = v
	}
	w.say("deployment", c)
}

// aftermath reports more of a deployment: by another tool, corrected,
// contradicted, or taken back.
func (w *world) aftermath(d fields, h *history, before int) {
	ended, ok := d["finished_at"].(time.Time)
	if !ok {
		return
	}
	again := func(more fields) {
		f := fields{"id": d["id"], "service": d["service"], "environment": d["environment"], "finished_at": ended, "source": d["source"]}
		for k, v := range more {
			f[k] = v
		}
		w.say("deployment", f)
	}
	if w.chance(25) {
		w.made["second source"]++
		again(fields{
			"id": w.next("d"), "source": pick(w, "flux", "gitlab"), "commit_sha": d["commit_sha"], "version": d["version"],
			"finished_at": ended.Add(time.Duration(w.r.IntN(40)) * time.Minute), "result": pick(w, "", "success", "failure"),
		})
	}
	if w.chance(10) {
		w.made["conflict at equal time"]++
		again(fields{"version": w.next("v"), "result": pick(w, "success", "failure", "rolled_back")})
		again(fields{"version": w.next("v"), "team": "grey"})
	}
	if w.chance(6) {
		w.made["corrected service"]++
		again(fields{"service": pick(w, "web", "api", "jobs"), "occurred_at": ended.Add(time.Hour)})
	}
	if w.chance(6) {
		w.made["moved environment"]++
		again(fields{"environment": pick(w, "staging", "production-us"), "occurred_at": ended.Add(time.Hour)})
	}
	if w.chance(5) {
		w.made["corrected commit"]++
		again(fields{"commit_sha": h.line[before].sha, "occurred_at": ended.Add(time.Hour)})
	}
	if w.chance(6) {
		w.made["previous stated"]++
		again(fields{"previous_sha": h.line[before].sha})
	}
	if w.chance(6) {
		w.made["changes stated"]++
		again(fields{"changes": []string{h.line[before].sha, h.line[len(h.line)-1].sha, "nobody-knows"}})
	}
	if w.chance(8) {
		w.made["undo"]++
		undo := fields{
			"service": d["service"], "environment": d["environment"], "version": d["version"], "commit_sha": d["commit_sha"],
			"deploy_timestamp": ended.Add(time.Duration(w.r.IntN(50)) * time.Hour), "result": "rollback",
		}
		if w.chance(30) {
			undo["id"] = d["id"]
		}
		for _, k := range []string{"version", "commit_sha"} {
			if undo[k] == nil {
				delete(undo, k)
			}
		}
		w.say("deployment", undo)
	}
}

// incidents invents what went wrong, and what people said of it.
// analyses invents runs of analysis: of a deployment that is named, of a
// version, and of nothing that anybody knows; some are corrected.
func (w *world) analyses() {
	for range 2 + w.r.IntN(4) {
		d := pick(w, w.deployed...)
		at, _ := d["started_at"].(time.Time)
		if at.IsZero() {
			at = w.moment()
		}
		a := fields{"id": w.next("run-"), "service": d["service"], "environment": d["environment"], "phase": "running", "started_at": at}
		switch {
		case w.chance(40):
			a["deployment"] = d["id"]
		case w.chance(80) && d["version"] != nil:
			a["version"] = d["version"]
		}
		w.say("analysis", a)
		if w.chance(80) {
			w.say("analysis", fields{"id": a["id"], "service": d["service"], "environment": d["environment"],
				"phase": pick(w, "successful", "failed", "error", "inconclusive"), "finished_at": at.Add(20 * time.Minute)})
		}
		if w.chance(10) {
			w.say("analysis", fields{"id": a["id"], "service": pick(w, "web", "api"), "environment": "production", "phase": "failed", "finished_at": at.Add(20 * time.Minute)})
		}
	}
}

func (w *world) incidents() {
	for range 3 + w.r.IntN(6) {
		at := w.moment()
		i := fields{"id": w.next("inc-"), "severity": pick(w, "", "sev1", "sev2"), "services": [][]string{{"web"}, {"api"}, {"web", "jobs"}, {"api", "nobody"}}[w.r.IntN(4)]}
		switch {
		case w.chance(70):
			i["started_at"] = at
		case w.chance(90):
			i["detected_at"] = at
		}
		if w.chance(10) {
			delete(i, "services")
			w.made["incident without service"]++
		}
		if w.chance(15) {
			i["environment"] = pick(w, "staging", "production-eu", "production-us")
		}
		if w.chance(40) {
			i["caused_by"] = w.cause()
			w.made["cause named"]++
		}
		w.troubles = append(w.troubles, i["id"].(string))
		if w.chance(15) {
			i["title"] = pick(w, "errors since ", "rolled back ") + w.cause()
		}
		w.say("incident", i)
		if w.chance(25) {
			w.made["other incident at that time"]++
			other := w.next("inc-")
			w.troubles = append(w.troubles, other)
			w.say("incident", fields{"id": other, "started_at": at.Add(time.Duration(w.r.IntN(40)-20) * time.Minute), "services": []string{pick(w, "web", "api", "jobs")}})
		}
		if w.chance(20) {
			w.made["fix named"]++
			d := pick(w, w.deployed...)
			w.say("deployment", fields{"id": d["id"], "service": d["service"], "environment": d["environment"], "started_at": d["started_at"], "fixes": i["id"], "source": d["source"]})
		}
		if w.chance(70) {
			w.say("incident", fields{"id": i["id"], "resolved_at": at.Add(time.Duration(1+w.r.IntN(40)) * 20 * time.Minute)})
		}
		if w.chance(15) {
			w.say("incident", fields{"id": i["id"], "caused_by": w.cause(), "occurred_at": at.Add(2 * time.Hour)})
			w.made["incident corrected"]++
		}
		if w.chance(10) {
			w.say("incident", fields{"id": i["id"], "started_at": at, "severity": "sev3", "services": []string{"jobs"}})
			w.made["incident contradicted"]++
		}
	}
}

// cause names a deployment by its id, commit or version, or nothing that exists.
func (w *world) cause() string {
	if w.chance(50) {
		return pick(w, w.ids...)
	}
	if w.chance(10) {
		return "https://ci.example.com/" + pick(w, w.ids...)
	}
	h := pick(w, w.repos["acme/web"], w.repos["acme/mono"])
	sha := pick(w, h.line...).sha
	if w.chance(60) {
		return w.versionOf(sha)
	}
	if w.chance(80) {
		return sha
	}
	return "nothing-like-it"
}
