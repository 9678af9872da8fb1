package sim

import (
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

// page tells of an incident as PagerDuty does in version 3 of its webhooks. What
// it was before says what is new.
func (v *Vendors) page(i *Item) {
	x := i.Incident
	kind, status := "incident.triggered", "triggered"
	switch was := v.status[x.ID]; {
	case x.ResolvedAt.Known() && was == "resolved":
		v.pageEvent(i, "incident.reopened", "triggered")
		kind, status = "incident.resolved", "resolved"
	case x.ResolvedAt.Known():
		kind, status = "incident.resolved", "resolved"
	case was != "":
		kind, status = "incident.acknowledged", "acknowledged"
	}
	v.status[x.ID] = status
	v.pageEvent(i, kind, status)
}

func (v *Vendors) pageEvent(i *Item, kind, status string) {
	x := i.Incident
	id := pagerID(x.ID)
	reference := func(kind, name string) object {
		return object{"id": pagerID(name), "type": kind + "_reference", "summary": name, "self": "https://api.pagerduty.com/" + kind + "s/" + pagerID(name), "html_url": "https://acme.pagerduty.com/" + kind + "s/" + pagerID(name)}
	}
	urgency := "high"
	if x.Severity == "sev3" {
		urgency = "low"
	}
	event := uuid(i.DeliveryID() + kind)
	v.send(i.At, "pagerduty", map[string]string{"X-Webhook-Id": event, "X-Webhook-Subscription": "PSIMULA", "User-Agent": "PagerDuty-Webhook/V3.0"}, object{"event": object{
		"id": event, "event_type": kind, "resource_type": "incident", "occurred_at": millis(i.At), "agent": reference("user", "on-call"), "client": nil,
		"data": object{
			"id": id, "type": "incident", "self": "https://api.pagerduty.com/incidents/" + id, "html_url": "https://acme.pagerduty.com/incidents/" + id,
			"number": number(x.ID) % 100000, "status": status, "incident_key": x.ID, "created_at": string(appendTime(nil, x.DetectedAt.Or(i.At))), "title": x.Title,
			"service": reference("service", x.Services[0]), "assignees": []object{reference("user", "on-call")}, "escalation_policy": reference("escalation_policy", "default"),
			"teams": []object{}, "priority": object{"id": pagerID(x.Severity), "type": "priority_reference", "summary": "P" + x.Severity[3:], "self": "https://api.pagerduty.com/priorities/" + pagerID(x.Severity), "html_url": nil},
			"urgency": urgency, "conference_bridge": nil, "resolve_reason": nil,
		},
	}})
}

// pagerID is an id in the form of PagerDuty's.
func pagerID(name string) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	b := []byte("P")
	for n := number(name); len(b) < 7; n /= int64(len(digits)) {
		b = append(b, digits[n%int64(len(digits))])
	}
	return string(b)
}

// alert tells of an incident as Alertmanager does in version 4 of its webhook. It
// knows when an alert began and ended, and nothing of what people did meanwhile.
func (v *Vendors) alert(i *Item) {
	x := i.Incident
	status, ends := "firing", "0001-01-01T00:00:00Z"
	if x.ResolvedAt.Known() {
		status, ends = "resolved", millis(x.ResolvedAt)
	}
	if v.status[x.ID] == status && status == "firing" {
		return
	}
	v.status[x.ID] = status
	labels := object{"alertname": "ErrorsHigh", "service": x.Services[0], "severity": map[string]string{"sev1": "critical", "sev2": "critical", "sev3": "warning"}[x.Severity], "environment": "production"}
	annotations := object{"summary": x.Title}
	fingerprint := strings.ReplaceAll(uuid(x.ID), "-", "")[:16]
	v.send(i.At, "alertmanager", map[string]string{"User-Agent": "Alertmanager/0.28.0"}, object{
		"version": "4", "groupKey": `{}:{alertname="ErrorsHigh", service="` + x.Services[0] + `"}`, "truncatedAlerts": 0, "status": status, "receiver": "plimsoll",
		"groupLabels": object{"alertname": "ErrorsHigh", "service": x.Services[0]}, "commonLabels": labels, "commonAnnotations": annotations,
		"externalURL": "http://alertmanager.example.com:9093",
		"alerts": []object{{
			"status": status, "labels": labels, "annotations": annotations, "startsAt": millis(x.StartedAt.Or(x.DetectedAt)), "endsAt": ends,
			"generatorURL": "http://prometheus.example.com:9090/graph?g0.expr=errors", "fingerprint": fingerprint,
		}},
	})
}

// rollout tells of a roll-out in the words of an Argo Rollout: the parts of its
// metadata, spec and status that a notification template of ours would send.
func (v *Vendors) rollout(i *Item, d *plimsoll.DeploymentReport) {
	if d.Result == plimsoll.ResultRolledBack {
		return // Argo has no notification of a manual roll-back
	}
	trigger, phase := "on-rollout-updated", "Progressing"
	switch d.Outcome() {
	case plimsoll.ResultSuccess:
		trigger, phase = "on-rollout-completed", "Healthy"
	case plimsoll.ResultAborted:
		trigger, phase = "on-rollout-aborted", "Degraded"
	case plimsoll.ResultFailure:
		trigger, phase = "on-rollout-degraded", "Degraded"
	case plimsoll.ResultCanceled, plimsoll.ResultSuperseded:
		return
	}
	status := object{"phase": phase, "currentPodHash": d.CommitSHA[:10], "observedGeneration": itoa(number(d.ID) % 1000), "abort": d.Result == plimsoll.ResultAborted}
	if phase == "Healthy" {
		status["stableRS"] = d.CommitSHA[:10]
	}
	if d.Result == plimsoll.ResultAborted {
		status["abortedAt"] = rfc(d.FinishedAt)
	}
	v.send(i.At, "argo-rollouts", map[string]string{}, object{
		"trigger": trigger, "startedAt": rfc(d.StartedAt), "finishedAt": rfc(d.FinishedAt),
		"rollout": object{
			"metadata": object{
				"name": d.Service, "namespace": d.Environment, "uid": uuid(d.Service + d.Environment), "generation": number(d.ID) % 1000,
				"labels":      object{"app.kubernetes.io/name": d.Service, "app.kubernetes.io/version": d.Version},
				"annotations": object{"rollout.argoproj.io/revision": itoa(number(d.ID) % 1000), "org.opencontainers.image.revision": d.CommitSHA, "org.opencontainers.image.source": "https://github.com/" + d.Repository},
			},
			"spec":   object{"strategy": object{d.Strategy: object{}}, "template": object{"spec": object{"containers": []object{{"name": d.Service, "image": "registry.example.com/" + d.Service + ":" + d.Version}}}}},
			"status": status,
		},
	})
}

// analysisRun tells of the analysis of a canary in the words of an AnalysisRun.
func (v *Vendors) analysisRun(i *Item) {
	a := i.Analysis
	phase := strings.ToUpper(a.Phase[:1]) + a.Phase[1:]
	v.send(i.At, "argo-rollouts", map[string]string{}, object{
		"trigger": "on-analysis-run-" + a.Phase,
		"analysisRun": object{
			"metadata": object{"name": a.Service + "-" + itoa(number(a.ID)%100000), "namespace": a.Environment, "uid": uuid(a.ID), "labels": object{"rollout": a.Service}},
			"status":   object{"phase": phase, "startedAt": rfc(a.StartedAt), "completedAt": rfc(a.FinishedAt), "metricResults": []object{{"name": a.Name, "phase": phase}}},
		},
	})
}
