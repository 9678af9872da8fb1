package fold

import (
	"maps"
	"reflect"
	"slices"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/derive"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// memory is what a Folder remembers of the store, so that one event costs by
// what it changes and not by the length of the record. Only the Folder writes
// what is remembered here, and it forgets all of it when a write fails.
type memory struct {
	repos    *repositories
	services map[string]*remembered
	used     []string // services, the last used at the end
}

// remembered is what the last derivation of a service read and wrote.
type remembered struct {
	reports []plimsoll.Reported
	at      map[string]int // index among reports, by id
	written *derive.TimelineOutput
	follow  following

	verdicts map[string][]plimsoll.VerdictReport // by the deployment that they name
	unread   []string                            // deployments whose verdicts must be read again
}

// mostRemembered bounds the bytes of services that are kept, roughly.
const mostRemembered = 100 << 20

func newMemory() *memory {
	return &memory{repos: newRepositories(), services: map[string]*remembered{}}
}

// service returns what is remembered of a service, reading it when that is
// nothing.
func (m *memory) service(tx *store.Tx, name string) (*remembered, error) {
	r := m.services[name]
	if r == nil {
		reports, err := tx.ReportedDeployments(name)
		if err != nil {
			return nil, err
		}
		r = &remembered{reports: reports, at: make(map[string]int, len(reports))}
		for i := range reports {
			r.at[reports[i].ID] = i
		}
		verdicts, err := tx.VerdictsOf(name)
		if err != nil {
			return nil, err
		}
		r.verdicts = map[string][]plimsoll.VerdictReport{}
		for _, v := range verdicts {
			r.verdicts[v.Deployment] = append(r.verdicts[v.Deployment], v)
		}
		m.services[name] = r
	}
	m.used = append(slices.DeleteFunc(m.used, func(u string) bool { return u == name }), name)
	m.shrink()
	return r, nil
}

// shrink lets go of the services used longest ago.
func (m *memory) shrink() {
	total := 0
	for _, r := range m.services {
		total += r.size()
	}
	for total > mostRemembered && len(m.used) > 1 {
		total -= m.services[m.used[0]].size()
		delete(m.services, m.used[0])
		m.used = m.used[1:]
	}
}

// size is about how many bytes a service takes, by what a heap profile says of
// facts of usual length.
func (r *remembered) size() int {
	const report, deployment, delivery, evidence = 600, 700, 270, 500
	n := report * len(r.reports)
	if w := r.written; w != nil {
		n += deployment*len(w.Deployments) + delivery*len(w.Deliveries) + evidence*len(w.Evidence)
	}
	return n
}

// addDeployment brings what is remembered up to a deployment as it stands now;
// before is the service that it belonged to, "" if it is new.
func (m *memory) addDeployment(before string, d plimsoll.Reported) {
	if r := m.services[before]; r != nil && before != d.Service {
		if i, ok := r.at[d.ID]; ok {
			last := len(r.reports) - 1
			r.reports[i] = r.reports[last]
			r.at[r.reports[i].ID] = i
			r.reports = r.reports[:last]
			delete(r.at, d.ID)
			delete(r.verdicts, d.ID)
		}
	}
	r := m.services[d.Service]
	if r == nil {
		return
	}
	if i, ok := r.at[d.ID]; ok {
		r.reports[i] = d
		return
	}
	r.at[d.ID] = len(r.reports)
	r.reports = append(r.reports, d)
	r.unread = append(r.unread, d.ID)
}

// addVerdict notes that there is another verdict on a deployment of a service.
func (m *memory) addVerdict(service, deployment string) {
	if r := m.services[service]; r != nil {
		r.unread = append(r.unread, deployment)
	}
}

// allVerdicts returns the verdicts on the deployments of the service, reading
// those that are new.
func (r *remembered) allVerdicts(tx *store.Tx) (all []plimsoll.VerdictReport, err error) {
	for _, id := range r.unread {
		if r.verdicts[id], err = tx.VerdictsOn(id); err != nil {
			return nil, err
		}
	}
	r.unread = nil
	for _, list := range r.verdicts {
		all = append(all, list...)
	}
	return all, nil
}

// difference returns the facts of a service that change or end, and those that
// change or begin.
func (r *remembered) difference(now derive.TimelineOutput) (before, after store.Timeline) {
	before.Deployments, after.Deployments = unlike(r.written.Deployments, now.Deployments,
		func(d plimsoll.Deployment) string { return d.ID },
		func(a, b plimsoll.Deployment) bool { return reflect.DeepEqual(a, b) })
	before.Leads, after.Leads = unlike(r.written.Deliveries, now.Deliveries,
		func(d plimsoll.Delivery) leadKey { return leadKey{d.Basis, d.Repository, d.Key} },
		func(a, b plimsoll.Delivery) bool { return a == b })
	before.Evidence, after.Evidence = unlike(r.written.Evidence, now.Evidence,
		func(e plimsoll.Evidence) string { return e.ID },
		func(a, b plimsoll.Evidence) bool { return a == b })
	return before, after
}

type leadKey struct {
	basis           plimsoll.Basis
	repository, key string
}

// unlike returns the facts of old that are not among now as they are, and those
// of now that are not among old. Both mostly begin with the same names in the
// same order, and then nothing needs to be looked up.
func unlike[F any, K comparable](old, now []F, key func(F) K, same func(a, b F) bool) (before, after []F) {
	i := 0
	for ; i < len(old) && i < len(now) && key(old[i]) == key(now[i]); i++ {
		if !same(old[i], now[i]) {
			before, after = append(before, old[i]), append(after, now[i])
		}
	}
	rest := make(map[K]F, len(old)-i)
	for _, f := range old[i:] {
		rest[key(f)] = f
	}
	for _, f := range now[i:] {
		was, ok := rest[key(f)]
		delete(rest, key(f))
		if ok && same(was, f) {
			continue
		}
		if ok {
			before = append(before, was)
		}
		after = append(after, f)
	}
	return append(before, slices.Collect(maps.Values(rest))...), after
}
