package plimsoll

// Stamps are the moments on the way of a change to the users of a service,
// beside those of Delivery. Unknown ones are 0; none is invented. (definitions
// 2.6)
type Stamps struct {
	FirstCommitAt   Time `json:"first_commit_at,omitzero"`   // of its pull request
	OpenedAt        Time `json:"opened_at,omitzero"`         // of its pull request, like the next three
	FirstReviewAt   Time `json:"first_review_at,omitzero"`   //
	ApprovedAt      Time `json:"approved_at,omitzero"`       //
	MergedAt        Time `json:"merged_at,omitzero"`         // of a change without one: when it was committed
	BuiltAt         Time `json:"built_at,omitzero"`          // first green build at or after the merge
	StagedAt        Time `json:"staged_at,omitzero"`         // start of the first deployment below production with it
	ReadyAt         Time `json:"ready_at,omitzero"`          // when that one was fit for promotion
	DeployStartedAt Time `json:"deploy_started_at,omitzero"` // start of the deployment that delivered it
}

// Stage is a part of the way of a change from its first commit to its users.
type Stage string

// The stages, each from one stamp to the next. (definitions 2.6)
const (
	StageCoding  Stage = "coding"  // first commit → pull request opened
	StagePickup  Stage = "pickup"  // opened → first review
	StageReview  Stage = "review"  // first review → merged
	StageBuild   Stage = "build"   // merged → first green build
	StageStaging Stage = "staging" // first deployment below production → ready
	StageWait    Stage = "wait"    // end of the last of the stages before → start of the deployment
	StageDeploy  Stage = "deploy"  // start → end of the deployment
)

// Stages lists every stage in the order of the way to production.
var Stages = []Stage{StageCoding, StagePickup, StageReview, StageBuild, StageStaging, StageWait, StageDeploy}

// Ends returns the stamps between which each stage lies, in the order of Stages;
// one that is not known is 0.
func (d *Delivery) Ends() [7][2]Time {
	last := Last(d.ReadyAt, d.BuiltAt, d.MergedAt)
	return [7][2]Time{
		{d.FirstCommitAt, d.OpenedAt},
		{d.OpenedAt, d.FirstReviewAt},
		{d.FirstReviewAt, d.MergedAt},
		{d.MergedAt, d.BuiltAt},
		{d.StagedAt, d.ReadyAt},
		{last, d.DeployStartedAt},
		{d.DeployStartedAt, d.DeliveredAt},
	}
}
