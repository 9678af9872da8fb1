package metric

import "slices"

// Reason says in one word why a fact counts in a number, and as what, or why it does not. The zero
// Reason is none.
type Reason uint8

// The closed list of reasons. What each means stands in the table below.
const (
	noReason Reason = iota
	Counted
	Failed
	NoFailure
	Suspected
	SetAside
	Young
	Hotfix
	Rollback
	Repair
	Planned
	NoRepair
	RolledBack
	Kept
	Delivered
	OldestChange
	Restored
	Resolved
	AnalysisPassed
	AnalysisFailed
	AnalysisError
	RolledOut
	AllTraffic
	StageKnown
	NotDelivered
	DeliveredLater
	NotRestored
	Negative
	NoStart
	Inconclusive
	AnalysisRunning
	NoTimes
	NoSuccess
	NoFullRollout
	NoStage
	NoStageBegin
	NoStageEnd
	BeforeClock
	NoClock
	NegativeLead
	FirstDeployment
	UnknownContents
	TakenBack
	NoNewChange
	Redeploy
	Canceled
	StillRunning
	Superseded
	NotReached
	RollbackNotJudged
	NotJudged
	OtherEnvironment
	EndedAfter
	NotYet
	BeforeRecord
	BeganBefore
	SharesSpan
	NoCause
	NotAccepted
	OtherIncident
	reasonCount
)

// reasonText is a reason for a reader: its code in the API, the part it gives a fact, the sentence, and
// the clauses of docs/definitions.md that it follows.
type reasonText struct {
	code    string
	role    Role
	words   string
	clauses []string
}

var reasonTexts = [reasonCount]reasonText{
	Counted:           {"counted", RoleNumerator, "it reached its environment and is no redeploy", list("1.4.6")},
	Failed:            {"failed", RoleNumerator, "at least one accepted piece of evidence says that it failed", list("2.3.2", "3.6.1")},
	NoFailure:         {"no_failure", RoleDenominator, "nothing says that it failed", list("2.3.1", "2.3.2")},
	Suspected:         {"suspected", RoleDenominator, "it is suspected only: there is evidence, and none of it is accepted", list("3.6.1")},
	SetAside:          {"set_aside", RoleDenominator, "the evidence against it was rejected by a person, or discounted", list("3.6.4", "3.7.1")},
	Young:             {"young", RoleDenominator, "nothing says that it failed, and it is so young that this may still be learnt", list("2.3.3")},
	Hotfix:            {"hotfix", RoleNumerator, "it is a hotfix", list("2.4.1", "1.3.4", "1.3.14")},
	Rollback:          {"rollback", RoleNumerator, "it is a rollback", list("2.4.1", "1.3.2", "1.3.10")},
	Repair:            {"repair", RoleNumerator, "it is named as the fix of an incident", list("2.4.1")},
	Planned:           {"planned", RoleDenominator, "it is labelled as planned: a rehearsal repairs nothing", list("2.4.1", "1.5.7")},
	NoRepair:          {"no_repair", RoleDenominator, "it was not made to repair production", list("2.4.1")},
	RolledBack:        {"rolled_back", RoleNumerator, "it was rolled back, by its result or by evidence", list("2.4.2", "3.1.1")},
	Kept:              {"kept", RoleDenominator, "it was not rolled back", list("2.4.2")},
	Delivered:         {"delivered", RoleSample, "it was delivered in the window", list("1.8.1", "2.2.1")},
	OldestChange:      {"oldest_change", RoleSample, "it delivered changes; the oldest of them gives the value", list("2.2.5")},
	Restored:          {"restored", RoleSample, "the failure began in the window and is over", list("2.5.1", "2.5.8")},
	Resolved:          {"resolved", RoleSample, "the incident began in the window and is resolved", list("2.5.9")},
	AnalysisPassed:    {"analysis_passed", RoleNumerator, "the analysis was successful", list("2.10.1")},
	AnalysisFailed:    {"analysis_failed", RoleDenominator, "the analysis failed", list("2.10.1")},
	AnalysisError:     {"analysis_error", RoleDenominator, "the analysis could not measure, and what was not measured did not pass", list("2.10.1")},
	RolledOut:         {"rolled_out", RoleSample, "it reached its environment in the window, and its start and its finish are known", list("2.8.1")},
	AllTraffic:        {"all_traffic", RoleSample, "it succeeded, and its start and the time at which it had all traffic are known", list("2.9.1", "2.9.2")},
	StageKnown:        {"stage_known", RoleSample, "both ends of the stage are known", list("2.6.1", "2.7.5")},
	NotDelivered:      {"not_delivered", RoleOpen, "it is not delivered yet", list("1.8.3", "2.2.7")},
	DeliveredLater:    {"delivered_later", RoleOpen, "it was delivered after the window, and open at its end", list("2.2.7")},
	NotRestored:       {"not_restored", RoleOpen, "it began in the window and is not over", list("2.5.4", "2.5.8")},
	Negative:          {"negative", RoleExcluded, "it ended before it began: a clock was wrong", list("2.2.4")},
	NoStart:           {"no_start", RoleExcluded, "nobody knows when it began", list("2.2.1")},
	Inconclusive:      {"inconclusive", RoleExcluded, "the analysis could decide nothing", list("2.10.1")},
	AnalysisRunning:   {"analysis_running", RoleExcluded, "the analysis is still running", list("2.10.1")},
	NoTimes:           {"no_times", RoleExcluded, "its start or its finish is not known, or the start lies after the finish", list("2.8.1")},
	NoSuccess:         {"no_success", RoleExcluded, "it did not end as a success, and what did not succeed never had all traffic for good", list("2.9.1")},
	NoFullRollout:     {"no_full_rollout", RoleExcluded, "nobody knows when it began, or when it had all traffic: only a canary or blue-green roll-out says that with its finish", list("2.9.1", "2.9.2")},
	NoStage:           {"no_stage", RoleExcluded, "neither end of the stage is known", list("2.6.1", "2.7.5")},
	NoStageBegin:      {"no_stage_begin", RoleExcluded, "the beginning of the stage is not known", list("2.6.1", "2.7.5")},
	NoStageEnd:        {"no_stage_end", RoleExcluded, "the end of the stage is not known", list("2.6.1", "2.7.5")},
	BeforeClock:       {"before_clock", RoleExcluded, "the stage was over before the clock of the change started", list("2.6.8")},
	NoClock:           {"no_clock", RoleExcluded, "nobody knows when the clock of the change started, so that no stage of it is measured", list("2.2.1", "2.6.1")},
	NegativeLead:      {"negative_lead", RoleExcluded, "it was delivered before its clock started, so that no stage of it is measured", list("2.2.4", "2.6.1")},
	FirstDeployment:   {"first_deployment", RoleExcluded, "the first deployment starts the record and brings no change", list("1.7.1")},
	UnknownContents:   {"unknown_contents", RoleExcluded, "what it contains is not known, so it delivers no change", list("1.6.4", "1.8.4")},
	TakenBack:         {"taken_back", RoleExcluded, "it did not complete, or was taken back, and delivered nothing", list("1.8.1", "1.8.2")},
	NoNewChange:       {"no_new_change", RoleExcluded, "it was the first to deliver no change", list("1.8.1")},
	Redeploy:          {"redeploy", RoleExcluded, "it rolled out what was running: a redeploy", list("1.3.8", "1.4.6", "2.1.4")},
	Canceled:          {"canceled", RoleExcluded, "it was canceled and never reached its environment", list("1.4.5", "2.1.4")},
	StillRunning:      {"still_running", RoleExcluded, "it is still running", list("1.4.5")},
	Superseded:        {"superseded", RoleExcluded, "it was superseded before it was rolled out in full", list("1.4.4")},
	NotReached:        {"not_reached", RoleExcluded, "it never reached its environment", list("1.4.3")},
	RollbackNotJudged: {"rollback_not_judged", RoleExcluded, "a rollback is not judged: it brings nothing that could fail", list("1.4.7")},
	NotJudged:         {"not_judged", RoleExcluded, "it is not in production, and only there can a deployment fail", list("1.4.7", "3.6.2")},
	OtherEnvironment:  {"other_environment", RoleExcluded, "it is in another environment than the one asked for", list("1.4.8", "1.4.9")},
	EndedAfter:        {"ended_after", RoleExcluded, "it began in the window and ended after it; it counts where it ended", list("1.1.6", "2.1.1")},
	NotYet:            {"not_yet", RoleExcluded, "by its own time it has not happened yet", list("2")},
	BeforeRecord:      {"before_record", RoleExcluded, "it ended before the record of the scope begins", list("2.1.2")},
	BeganBefore:       {"began_before", RoleExcluded, "it began before the window; only the Kaplan–Meier median watches it", list("2.5.8", "6.1.3")},
	SharesSpan:        {"shares_span", RoleExcluded, "it failed before the failure before it was restored, and shares its span", list("2.5.5", "2.5.6")},
	NoCause:           {"no_cause", RoleExcluded, "the incident is held against no deployment", list("5.2.4", "5.1.3")},
	NotAccepted:       {"not_accepted", RoleExcluded, "no accepted evidence follows from it: what it is held against is not judged, or the evidence was set aside", list("3.6.1", "3.6.2")},
	OtherIncident:     {"not_production", RoleExcluded, "the incident was not in production", list("3.3.1")},
}

func list(s ...string) []string { return s }

// Reasons lists every reason.
func Reasons() []Reason {
	out := make([]Reason, 0, reasonCount-1)
	for r := noReason + 1; r < reasonCount; r++ {
		out = append(out, r)
	}
	return out
}

// ReasonNamed finds a reason by its code; ok is false for a code that is none.
func ReasonNamed(code string) (r Reason, ok bool) {
	i := slices.IndexFunc(reasonTexts[1:], func(t reasonText) bool { return t.code == code })
	return Reason(i + 1), i >= 0
}

// String is the code of the reason.
func (r Reason) String() string { return reasonTexts[r].code }

// Role is the part that the reason gives a fact.
func (r Reason) Role() Role { return reasonTexts[r].role }

// Words is the reason as a sentence without its subject.
func (r Reason) Words() string { return reasonTexts[r].words }

// Clauses are the numbers of the sentences of docs/definitions.md that the reason follows.
func (r Reason) Clauses() []string { return reasonTexts[r].clauses }
