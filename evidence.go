package plimsoll

import (
	"crypto/sha256"
	"encoding/hex"
)

// EvidenceKind names a sign that a deployment failed.
type EvidenceKind string

// The evidence of failure; see definitions, section 3.
const (
	EvidenceRollback EvidenceKind = "rollback"
	EvidenceHotfix   EvidenceKind = "hotfix"
	EvidenceIncident EvidenceKind = "incident"
	EvidenceCanary   EvidenceKind = "canary"
	EvidenceRollout  EvidenceKind = "rollout"
	EvidenceImpact   EvidenceKind = "impact" // a verdict says that an indicator was harmed
)

// EvidenceStatus says where a piece of evidence stands.
type EvidenceStatus string

// The states of evidence. Accepted and confirmed ones fail their deployment.
const (
	EvidenceAccepted   EvidenceStatus = "accepted"
	EvidenceSuspected  EvidenceStatus = "suspected"
	EvidenceConfirmed  EvidenceStatus = "confirmed"  // by a person
	EvidenceRejected   EvidenceStatus = "rejected"   // by a person; kept, and does not count
	EvidenceDiscounted EvidenceStatus = "discounted" // against a change without user effect; kept, and does not count
)

// EvidenceStatuses lists every state.
var EvidenceStatuses = []EvidenceStatus{EvidenceAccepted, EvidenceSuspected, EvidenceConfirmed, EvidenceRejected, EvidenceDiscounted}

// Evidence is one sign that a deployment failed.
type Evidence struct {
	ID         string         `json:"id"`
	Deployment string         `json:"deployment"`
	Service    string         `json:"service"`
	Kind       EvidenceKind   `json:"kind"`
	Cause      string         `json:"cause"` // id of the deployment or incident that shows it, or the indicator
	At         Time           `json:"at"`
	Source     string         `json:"source"`
	Confidence float64        `json:"confidence"` // 0..1, whatever a person says
	Accepted   bool           `json:"accepted"`   // it fails its deployment
	Status     EvidenceStatus `json:"status"`

	// The latest word of a person, if there is one.
	Reason    string `json:"reason,omitempty"`
	Actor     string `json:"actor,omitempty"` // a reference into an erasable table, never a name
	DecidedAt Time   `json:"decided_at,omitzero"`
}

// EvidenceID names a piece of evidence by what it says, so that the same
// evidence keeps its name whenever it is derived again.
func EvidenceID(deployment string, kind EvidenceKind, cause string) string {
	sum := sha256.Sum256([]byte(deployment + "\x00" + string(kind) + "\x00" + cause))
	return "ev-" + hex.EncodeToString(sum[:8])
}

// Settle says whether the evidence counts: by itself, unless a person said so.
func (e *Evidence) Settle(accepted bool, words map[string]Word) {
	e.Accepted, e.Status = accepted, EvidenceSuspected
	if accepted {
		e.Status = EvidenceAccepted
	}
	w, ok := words[e.ID]
	if !ok {
		return
	}
	e.Status = w.Says
	e.Accepted = w.Says == EvidenceConfirmed
	e.Reason, e.Actor, e.DecidedAt = w.Reason, w.Actor, w.At
}

// ConfirmationReport is what a person says of a piece of evidence. It says what
// the evidence was, so that it can be understood when that is gone.
type ConfirmationReport struct {
	Evidence   string         `json:"evidence"`
	Deployment string         `json:"deployment"`
	Kind       EvidenceKind   `json:"kind"`
	Cause      string         `json:"cause"`
	Says       EvidenceStatus `json:"says"` // confirmed or rejected
	Reason     string         `json:"reason"`
	Actor      string         `json:"actor,omitempty"` // a reference into an erasable table, never a name
}

// Word is a confirmation with the time it was given.
type Word struct {
	ConfirmationReport
	At Time `json:"at"`
}

// Verdict says whether a deployment did harm to an indicator.
type Verdict string

// The verdicts, from the best to the worst to know.
const (
	VerdictHarmless     Verdict = "harmless"
	VerdictInconclusive Verdict = "inconclusive"
	VerdictSuspicious   Verdict = "suspicious"
	VerdictHarmful      Verdict = "harmful"
)

// Verdicts lists every verdict. Of several indicators the later one stands for
// the deployment: it is harmless only if all of them say so.
var Verdicts = []Verdict{VerdictHarmless, VerdictInconclusive, VerdictSuspicious, VerdictHarmful}

// VerdictReport is the verdict on one deployment and one indicator.
type VerdictReport struct {
	Deployment string      `json:"deployment"`
	Indicator  string      `json:"indicator"`
	Verdict    Verdict     `json:"verdict"`
	Q          *float64    `json:"q,omitempty"` // share of false ones among verdicts as strong as this
	P          *float64    `json:"p,omitempty"` // rank among comparable moments without deployment
	RateRatio  *float64    `json:"rate_ratio,omitempty"`
	CI         *[2]float64 `json:"ci,omitempty"` // of the rate ratio, 95 %
	Method     string      `json:"method"`       // name and version, like counts/1
	At         Time        `json:"at"`           // when it was closed
}

// Over returns the later verdict: its parts belong together.
func (v VerdictReport) Over(later VerdictReport) VerdictReport { return later }
