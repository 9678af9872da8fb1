package metric

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// emptyDeployments: deployments that bring nothing raise the frequency and thin out the failures. Empty
// is what is known to contain no change, or has the build that ran before. The ordinary share is that of
// the past, and at least one in ten: certificates, restarts and settings are deployments too.
func (f SignFacts) emptyDeployments() Sign {
	empty := func(d *SignDeployment) bool {
		if d.Repairs {
			return false
		}
		return d.Changes != nil && *d.Changes == 0 || d.Build != "" && d.Build == d.Previous
	}
	all := func(d *SignDeployment) bool { return d.Counted || d.Kind == plimsoll.KindRedeploy }
	past, before := f.which(f.Earlier, all, empty)
	ids, n := f.which(f.Later, all, empty)
	return Sign{Sign: "empty_deployments"}.share(ids, n, pastShare(len(past), before, 0.1), MinShown, fmt.Sprintf(
		"%s brought no change or the version that already ran. What were they for?", of(len(ids), n, "deployments")))
}

// which lists the deployments of a window that are hit among those that are in, and how many are in.
func (f SignFacts) which(w plimsoll.Window, in, hit func(*SignDeployment) bool) (ids []string, n int) {
	for i := range f.Deployments {
		d := &f.Deployments[i]
		if w.Contains(d.EndedAt) && in(d) {
			n++
			if hit(d) {
				ids = append(ids, d.ID)
			}
		}
	}
	return ids, n
}

const (
	// splitWithin is how close two deployments of one service are to look like one that was split.
	splitWithin = 10 * time.Minute
	// workday is how much of a day people deploy in.
	workday = 8 * time.Hour
)

// splitDeployments: one piece of work in several deployments within minutes, by one service of one
// repository. A repair may follow within minutes and is left out. Where k deployments of a day fall
// anywhere in eight hours, a gap between neighbours is below m with probability 1-(1-m/8h)^k; the gaps
// that are found are held against the sum of that over all days, as a Poisson count. A service that
// deploys fifty times a day is thereby expected to have many.
func (f SignFacts) splitDeployments() Sign {
	type key struct {
		service, repository string
		day                 plimsoll.Time
	}
	days := map[key][]*SignDeployment{}
	for i := range f.Deployments {
		d := &f.Deployments[i]
		if d.Counted && !d.Repairs && f.Later.Contains(d.EndedAt) {
			k := key{d.Service, d.Repository, midnight(dateOf(d.EndedAt, f.Zone), f.Zone)}
			days[k] = append(days[k], d)
		}
	}
	var ids []string
	var expected []float64
	found, n := 0, 0
	for _, ds := range days {
		slices.SortFunc(ds, func(a, b *SignDeployment) int {
			return cmp.Or(cmp.Compare(a.EndedAt, b.EndedAt), cmp.Compare(a.ID, b.ID))
		})
		n += len(ds)
		for i, d := range ds[1:] {
			if d.EndedAt.Sub(ds[i].EndedAt) < splitWithin {
				found++
				ids = append(ids, ds[i].ID, d.ID)
			}
		}
		k := float64(len(ds))
		expected = append(expected, (k-1)*(1-math.Pow(1-float64(splitWithin)/float64(workday), k)))
	}
	slices.Sort(expected) // the order of a sum is part of it
	sum := 0.0
	for _, x := range expected {
		sum += x
	}
	return Sign{Sign: "split_deployments"}.count(ids, found, n, sum, MinShown, fmt.Sprintf(
		"%d times a service was deployed again within %s; its days make %s likely. Was one piece of work deployed in parts?",
		found, "10 minutes", digits(sum)))
}

// relabelledConfig: a configuration deployment contains no change, by what the word means. One whose kind
// was stated as config and that brings changes was named so by somebody. One in fifty is a slip.
func (f SignFacts) relabelledConfig() Sign {
	ids, n := f.which(f.Later,
		func(d *SignDeployment) bool { return d.Counted && d.Changes != nil },
		func(d *SignDeployment) bool { return d.Kind == plimsoll.KindConfig && d.Stated && *d.Changes > 0 })
	return Sign{Sign: "relabelled_config"}.share(ids, n, 0.02, 3, fmt.Sprintf(
		"%s are labelled as configuration and contain changes. Why are they labelled so?", of(len(ids), n, "deployments")))
}

// hotfixBeside is how far on either side of the limit hotfixes are compared.
const hotfixBeside = 3 * time.Hour

// lateHotfixes: a repair that begins within the limit makes its deployment a failure, one just after it
// does not. Repairs have no reason to know the limit, so that as many are expected just before it as just
// after, and the same time of the day is compared with itself. The test is that of a jump of density at a
// threshold (McCrary 2008), exact, in its simplest form.
func (f SignFacts) lateHotfixes() Sign {
	var ids []string
	before := 0
	for i := range f.Deployments {
		d := &f.Deployments[i]
		if !f.Later.Contains(d.EndedAt) || d.Repaired == 0 {
			continue
		}
		switch past := d.Repaired.Sub(d.EndedAt) - f.HotfixLimit; {
		case past > 0 && past <= hotfixBeside:
			ids = append(ids, d.ID)
		case past <= 0 && past > -hotfixBeside:
			before++
		}
	}
	return Sign{Sign: "late_hotfixes"}.share(ids, len(ids)+before, 0.5, MinShown, fmt.Sprintf(
		"%d repairs began in the 3 hours after the limit of %s hours, %d in the 3 hours before it. Do they wait for the limit?",
		len(ids), digits(f.HotfixLimit.Hours()), before))
}

// unrecordedFailures: what was taken back, or did harm by its verdict, and is no failed deployment. A
// planned exercise and a rejected piece of evidence are both possible now and then; one in ten is the
// ordinary share, or that of the past.
func (f SignFacts) unrecordedFailures() Sign {
	in := func(d *SignDeployment) bool { return d.Judged && (d.TakenBack || d.Harmful) }
	hit := func(d *SignDeployment) bool { return !d.Failed }
	past, before := f.which(f.Earlier, in, hit)
	ids, n := f.which(f.Later, in, hit)
	return Sign{Sign: "unrecorded_failures"}.share(ids, n, pastShare(len(past), before, 0.1), 3, fmt.Sprintf(
		"%s were taken back or did harm and are not recorded as failed. Is their evidence missing?", of(len(ids), n, "deployments")))
}
