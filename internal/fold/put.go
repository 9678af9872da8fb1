package fold

import (
	"fmt"

	"github.com/plimsoll-dev/plimsoll"
)

// settle is put; a panic comes back as an error, and lost says that it was one.
func (b *batch) settle() (err error) {
	defer func() {
		if p := recover(); p != nil {
			b.lost, err = true, fmt.Errorf("panic: %v", p)
		}
	}()
	return b.put()
}

// putSingle writes an event by itself where that is asked for.
func (b *batch) putSingle() error {
	if !b.single {
		return nil
	}
	return b.put()
}

// put writes what was combined and not yet written of deployments, changes and
// pull requests, and notes what follows from it.
func (b *batch) put() error {
	if err := b.putDeployments(); err != nil {
		return err
	}
	if err := b.putChanges(); err != nil {
		return err
	}
	return b.putPullRequests()
}

func (b *batch) putDeployments() error {
	ds := b.deployments
	if len(ds) == 0 {
		return nil
	}
	b.deployments = nil
	before, err := b.tx.PutDeployments(ds)
	if err != nil {
		return err
	}
	b.learnt = append(b.learnt, func(m *memory) {
		for _, d := range ds {
			m.addDeployment(before[d.ID], d)
		}
	})
	for _, d := range ds {
		if was := before[d.ID]; was != "" {
			if err := b.dirty(stepTimeline, was); err != nil {
				return err
			}
		}
		if err := b.dirty(stepTimeline, d.Service); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) putChanges() error {
	cs := b.changes
	if len(cs) == 0 {
		return nil
	}
	b.changes = nil
	if err := b.tx.PutChange(cs...); err != nil {
		return err
	}
	b.learnt = append(b.learnt, func(m *memory) {
		for _, c := range cs {
			m.repos.addChange(c)
		}
	})
	if b.wanted {
		shas := make([]string, len(cs))
		for i, c := range cs {
			shas[i] = c.SHA
		}
		waiting, err := b.tx.Wanting(shas...)
		if err != nil {
			return err
		}
		if err := b.dirty(stepTimeline, waiting...); err != nil {
			return err
		}
	}
	return follow(b, cs, func(c plimsoll.ChangeReport) string { return c.Repository })
}

func (b *batch) putPullRequests() error {
	ps := b.pulls
	if len(ps) == 0 {
		return nil
	}
	b.pulls = nil
	if err := b.tx.PutPullRequest(ps...); err != nil {
		return err
	}
	b.learnt = append(b.learnt, func(m *memory) {
		for _, p := range ps {
			m.repos.addPullRequest(p)
		}
	})
	return follow(b, ps, func(p plimsoll.PullRequestReport) string { return p.Repository })
}

// follow notes every service that follows from the repository of a report.
func follow[R any](b *batch, reports []R, repository func(R) string) error {
	for _, r := range reports {
		name := repository(r)
		if b.followers[name] {
			continue
		}
		b.followers[name] = true
		services, err := b.tx.Followers(name)
		if err != nil {
			return err
		}
		if err := b.dirty(stepTimeline, services...); err != nil {
			return err
		}
	}
	return nil
}
