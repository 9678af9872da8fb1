package store

import (
	"errors"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// day is a time on the n-th day after the test's.
func day(n int) plimsoll.Time {
	return plimsoll.TimeOf(testTime).Add(time.Duration(n) * 24 * time.Hour)
}

func sampleDeployment(id string, at int, change ...func(*plimsoll.Deployment)) plimsoll.Deployment {
	d := plimsoll.Deployment{Production: true, Counted: true, Judged: true}
	d.ID, d.Service, d.Environment, d.Version, d.Team = id, "checkout", "production", "v-"+id, "payments"
	d.Kind, d.Result, d.StartedAt, d.FinishedAt = plimsoll.KindChange, plimsoll.ResultSuccess, day(at), day(at).Add(time.Minute)
	for _, c := range change {
		c(&d)
	}
	return d
}

func sampleLead(key string, start, delivered int) plimsoll.Delivery {
	l := plimsoll.Delivery{
		Service: "checkout", Basis: plimsoll.BasisChange, Repository: "example/checkout", Key: key,
		StartAt: day(start), CommittedAt: day(start), Team: "payments",
	}
	if delivered != 0 {
		l.DeliveredAt, l.ExposedAt, l.Deployment = day(delivered), day(delivered), "d-1"
	}
	return l
}

func sampleIncident(id string, begun, resolved int) plimsoll.Incident {
	i := plimsoll.Incident{
		Production: true, AttributedTo: "d-1", CauseService: "checkout",
		Candidates: []plimsoll.Candidate{{Kind: plimsoll.CandidateDeployment, Deployment: "d-1", Service: "checkout", Probability: 0.9}},
	}
	i.ID, i.Severity, i.StartedAt = id, "high", day(begun)
	if resolved != 0 {
		i.ResolvedAt = day(resolved)
		i.RestoredAt = i.ResolvedAt
	}
	return i
}

func sampleFailure(id string, failed, restored int) plimsoll.Failure {
	f := plimsoll.Failure{ID: id, Service: "checkout", Team: "payments", Deployments: []string{id}, FailedAt: day(failed), Severity: "high"}
	if restored != 0 {
		f.RestoredAt = day(restored)
	}
	return f
}

func sampleEvidence(id, deployment string, at int) plimsoll.Evidence {
	return plimsoll.Evidence{ID: id, Deployment: deployment, Service: "checkout", Kind: plimsoll.EvidenceRollback, Cause: "d-2", At: day(at), Source: "api", Confidence: 1, Accepted: true}
}

// putEverything fills every table that follows from the log.
func putEverything(tx *Tx, seq int64) error {
	d1 := sampleDeployment("d-1", 1, func(d *plimsoll.Deployment) { d.Aliases = []string{"run-17"} })
	report := plimsoll.Reported{DeploymentReport: d1.DeploymentReport}
	incident := sampleIncident("i-1", 3, 4)
	incident.Services = []string{"checkout", "basket"}
	rejected := sampleEvidence("e-2", "d-1", 3)
	rejected.Accepted, rejected.Status = false, plimsoll.EvidenceRejected
	failure := sampleFailure("d-1", 1, 2)
	failure.Deployments = append(failure.Deployments, "d-2")
	_, err1 := tx.PutDeployment(report)
	_, _, err2 := tx.PutTimeline("checkout", []plimsoll.Deployment{d1, sampleDeployment("d-2", 2)},
		[]plimsoll.Delivery{sampleLead("a1", 0, 1), sampleLead("b2", 1, 0)}, []plimsoll.Evidence{sampleEvidence("e-1", "d-1", 2)}, seq)
	_, err3 := tx.PutIncidentFact(incident, seq)
	_, err4 := tx.PutFlag(plimsoll.FlagReport{ID: "f-1", Key: "new-checkout", Environment: "production", At: day(1)})
	_, err5 := tx.PutDependencies("checkout", []string{"ledger"})
	said := plimsoll.ConfirmationReport{Evidence: "e-1", Deployment: "d-1", Cause: "d-2", Says: plimsoll.EvidenceRejected, Reason: "a drill"}
	run := plimsoll.AnalysisReport{ID: "run-1", Service: "checkout", Environment: "production", Phase: "successful", FinishedAt: day(1)}
	_, err6 := tx.PutAnalysis(run)
	return errors.Join(err1, err2, err3, err4, err5, err6,
		tx.PutAnalyses("checkout", []plimsoll.Analysis{{AnalysisReport: run, Of: "d-1", Production: true}}, seq),
		tx.PutTarget(plimsoll.TargetReport{ID: "t-1", Scope: "org", Measure: "lead_time"}),
		tx.PutVerdict("v-1", plimsoll.VerdictReport{Deployment: "d-1", Indicator: "errors", Verdict: plimsoll.VerdictHarmful}),
		tx.PutWords("e-1", []plimsoll.Word{{ConfirmationReport: said, At: day(3)}}),
		tx.PutChange(plimsoll.ChangeReport{Repository: "example/checkout", SHA: "a1", CommittedAt: day(0), Subject: "first"}),
		tx.PutPullRequest(plimsoll.PullRequestReport{Repository: "example/checkout", PullRequestRef: plimsoll.PullRequestRef{Number: 7}}),
		tx.PutIncident(incident.IncidentReport),
		tx.PutService(plimsoll.ServiceReport{Name: "checkout", Team: "payments"}),
		tx.PutSettings(plimsoll.Settings{HotfixHours: 12}),
		tx.Follow("checkout", []string{"example/checkout"}, []string{"c3"}),
		tx.PutOutcome("checkout", []plimsoll.Evidence{rejected}, []plimsoll.Failure{failure}, seq),
		tx.MarkDirty("timeline", "checkout", seq),
		tx.Clean("timeline", "checkout"),
		tx.SetCursor("facts", seq),
	)
}

func facts(tb testing.TB, o *Org) []string {
	tb.Helper()
	return got(tb, o, func(tx *Tx) (lines []string, err error) {
		err = tx.Facts(func(line string) { lines = append(lines, line) })
		return lines, err
	})
}
