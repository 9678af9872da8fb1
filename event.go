package plimsoll

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Type names what an event is about.
type Type string

// The types of event. The second group are our own acts: they are written by
// their endpoints and read back through the same log.
const (
	TypeDeployment  Type = "deployment"
	TypeChange      Type = "change"
	TypePullRequest Type = "pull_request"
	TypeIncident    Type = "incident"
	TypeAnalysis    Type = "analysis"
	TypeFlag        Type = "flag"
	TypeService     Type = "service"

	TypeConfiguration Type = "configuration"
	TypeTarget        Type = "target"
	TypeConfirmation  Type = "confirmation"
	TypeVerdict       Type = "verdict"
)

// SchemaVersion is the version of the event bodies that this build writes.
const SchemaVersion = 1

// Hash is the first 16 bytes of a SHA-256. It names content.
type Hash [16]byte

// String is lower-case hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Event is one thing somebody reported, in the envelope in which the log keeps
// it. Nothing in it depends on when or in which order it arrived; that is what
// Record adds.
type Event struct {
	Type          Type
	SchemaVersion int
	Subject       string // which deployment, change, incident …: unique within the type
	Source        string // the tool that said it
	DeliveryID    string // the sender's name for this delivery, "" if it gave none
	Index         int    // position within the delivery
	OccurredAt    Time   // when the reported state held; decides between reports
	Actor         string // who did it, of our own acts; who reported it, of others, "" for this machine. A service's name, or a reference to a person; never an author
	Decoder       string // name and version of the decoder that made it
	Supersedes    int64  // sequence number of the event this one replaces, 0 if none
	Hash          Hash   // of type, source, subject, time and body
	Body          []byte // the report as canonical JSON
}

// Record is an event as the log keeps it.
type Record struct {
	Seq        int64 // position in the log of the organisation, from 1, without gaps
	RecordedAt Time
	Event
}

// SourceRank decides between reports of equal time: the greater rank wins.
// The configuration is the operator's own word. What stood at the thing itself
// (the cluster) knows better than what asked
// for it (a CI step), and that better than what inferred it from history.
func SourceRank(source string) int {
	switch source {
	case "configuration":
		return 40
	case "kubernetes", "argo-rollouts", "argocd", "flux":
		return 30
	case "git":
		return 10
	}
	return 20
}

// Rank is the rank of the event's source. Of a commit nobody knows more than the
// repository itself: a push tells of the line of its commits, and not of every
// parent.
func (e *Event) Rank() int {
	if e.Type == TypeChange && e.Source == "git" {
		return 35
	}
	return SourceRank(e.Source)
}

// ContentHash names what the event says, whoever delivered it and when.
func (e *Event) ContentHash() Hash {
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%s\x00%s\x00%d\x00", e.Type, e.Source, e.Subject, e.OccurredAt)
	h.Write(e.Body)
	return Hash(h.Sum(nil)[:16])
}
