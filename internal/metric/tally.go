package metric

// Tally is what deployments add up to, whatever they are divided into: by day, by service, in any order.
type Tally struct {
	Counted    int // entered deployment frequency
	Successful int // of them, with result success
	Redeploys  int // beside: brought nothing new to production
	Canceled   int // beside: never came there

	Judged     int                     // entered the change failure rate
	Failed     int                     // of them, with accepted evidence
	Suspected  int                     // of them, with evidence that nobody has accepted, and not failed
	ByEvidence [len(evidenceKinds)]int // failed ones by the bits of EvidenceSet; one may have several
	RolledBack int                     // judged ones that were taken back

	Rework       int // counted ones made to repair production
	WithCommit   int // counted ones with a known commit
	WithContents int // counted ones with known contents
	WithStart    int // counted ones with a known start
}

// Add counts one deployment.
func (t *Tally) Add(d *Deployment) {
	if d.Counted {
		t.Counted++
		t.Successful += one(d.Result == ResultSuccess)
		t.Rework += one(d.rework())
		t.WithCommit += one(d.Commit)
		t.WithContents += one(d.Contents)
		t.WithStart += one(d.Started)
	} else {
		t.aside(d)
	}
	if !d.Judged {
		return
	}
	t.Judged++
	t.RolledBack += one(d.rolledBack())
	switch {
	case d.Failed:
		t.Failed++
		for k := range t.ByEvidence {
			t.ByEvidence[k] += int(d.Evidence >> k & 1)
		}
	case d.Suspected:
		t.Suspected++
	}
}

// aside counts what is shown beside the deployments: a redeploy that reached production, and what
// never did.
func (t *Tally) aside(d *Deployment) {
	switch d.Result {
	case ResultCanceled:
		t.Canceled++
	case ResultSuccess, ResultFailure, ResultAborted, ResultRolledBack:
		t.Redeploys += one(d.Kind == KindRedeploy)
	}
}

// Merge adds what other deployments add up to.
func (t *Tally) Merge(o Tally) { t.combine(o, 1) }

// Without takes off what some of the deployments add up to.
func (t *Tally) Without(o Tally) { t.combine(o, -1) }

func (t *Tally) combine(o Tally, sign int) {
	t.Counted += sign * o.Counted
	t.Successful += sign * o.Successful
	t.Redeploys += sign * o.Redeploys
	t.Canceled += sign * o.Canceled
	t.Judged += sign * o.Judged
	t.Failed += sign * o.Failed
	t.Suspected += sign * o.Suspected
	for k := range t.ByEvidence {
		t.ByEvidence[k] += sign * o.ByEvidence[k]
	}
	t.RolledBack += sign * o.RolledBack
	t.Rework += sign * o.Rework
	t.WithCommit += sign * o.WithCommit
	t.WithContents += sign * o.WithContents
	t.WithStart += sign * o.WithStart
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (d *Deployment) rework() bool {
	return !d.Planned && (d.Kind == KindHotfix || d.Kind == KindRollback || d.Repairs)
}

func (d *Deployment) rolledBack() bool {
	return d.Result == ResultRolledBack || d.Evidence&evidenceRollback != 0
}
