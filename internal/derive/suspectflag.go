package derive

import (
	"slices"
	"strings"
	"unicode"

	"github.com/plimsoll-dev/plimsoll"
)

// flags weighs the changes of flags before the incident. One that is itself
// said to fix something is no suspect. (definitions 5.4)
func (in *IncidentInput) flags(w *weighing) []suspect {
	r, begun := in.Report, in.Report.BegunAt()
	limit := plimsoll.Time(in.Settings.AttributeLimit().Microseconds())
	slices.SortFunc(in.Flags, func(a, b plimsoll.FlagReport) int { return strings.Compare(a.ID, b.ID) })
	var out []suspect
	for _, f := range in.Flags {
		if !f.At.Known() || f.At > begun || begun-f.At > limit || f.Fixes != "" || !in.Settings.InProduction(f.Environment) {
			continue
		}
		s := suspect{begun: f.At, score: w.flag}
		s.Kind, s.Flag = plimsoll.CandidateFlag, f.ID
		s.sign(w.fading(begun.Sub(f.At)), "flag %s changed %s before", f.Key, length(f.At, begun))
		if !in.near(&s, f.Services, w) {
			continue
		}
		if r.Environment != "" && f.Environment != r.Environment && !isClass(r.Environment) {
			s.sign(w.elsewhere, "in %s, the incident is in %s", f.Environment, r.Environment)
		}
		if slices.ContainsFunc(in.Flags, func(o plimsoll.FlagReport) bool { return undone(f, o, r) }) {
			s.sign(w.flagUndone, "the flag was changed again after the incident began")
		}
		if f.Key == r.Title || slices.Contains(tokens(r.Title+" "+r.URL), strings.ToLower(f.Key)) {
			s.sign(w.mentioned, "the incident mentions %s", f.Key)
		}
		in.besides(&s, w)
		out = append(out, s)
	}
	return out
}

// near weighs how far the services of a flag are from the incident; false if
// out of reach.
func (in *IncidentInput) near(s *suspect, services []string, w *weighing) bool {
	if len(services) == 0 {
		s.sign(w.flagAnyone, "it names no service")
		return true
	}
	best := -1
	for _, name := range services {
		if d, ok := in.Reach[name]; ok && (best < 0 || d < best) {
			best, s.Service = d, name
		}
	}
	if best > 0 {
		for range best {
			s.score *= w.dependency
		}
		s.Reasons = append(s.Reasons, strings.Join(in.Report.Services, ", ")+" depends on "+s.Service+steps(best))
	}
	return best >= 0
}

// undone reports whether o takes back f because of an incident, or so soon
// after it began that it looks like it.
func undone(f, o plimsoll.FlagReport, r plimsoll.IncidentReport) bool {
	if o.Key != f.Key || o.Environment != f.Environment || o.At <= f.At {
		return false
	}
	return o.Fixes == r.ID || o.At > r.BegunAt() && o.At <= r.BegunAt().Add(Aftermath) && (o.To == f.From || f.From == "" && o.To != f.To)
}

// shortestName is how many characters a name needs to be looked for in a text:
// "2" or "v1" stand there for other reasons.
const shortestName = 4

// mentioned returns by which of its names an incident mentions a deployment in
// its title or its address, "" if by none. A commit may be cut to 7 digits.
func mentioned(r plimsoll.IncidentReport, d *plimsoll.Deployment) string {
	text := r.Title + " " + r.URL
	if text == " " {
		return ""
	}
	if d.URL != "" && IsAddress(d.URL) && strings.Contains(text, d.URL) {
		return d.URL
	}
	words := tokens(text)
	for _, name := range append([]string{d.ID, d.Version, d.CommitSHA}, d.Aliases...) {
		if len(name) >= shortestName && slices.Contains(words, strings.ToLower(name)) {
			return name
		}
	}
	sha := strings.ToLower(d.CommitSHA)
	for _, word := range words {
		if len(word) >= 7 && len(sha) > len(word) && strings.HasPrefix(sha, word) {
			return word
		}
	}
	return ""
}

// tokens cuts a text into the words that may be names, in lower case.
func tokens(text string) []string {
	out := strings.FieldsFunc(strings.ToLower(text), func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune("._-", c)
	})
	for i := range out {
		out[i] = strings.Trim(out[i], "._-")
	}
	return out
}
