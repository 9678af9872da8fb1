package plimsoll

import "strings"

// The statuses of a Finding.
const (
	FindingOK   = "ok"
	FindingWarn = "warn" // it works, and somebody should look
	FindingFail = "fail" // something is wrong or missing
)

// Finding is what a look at a store or a server found, in words for whoever runs
// it.
type Finding struct {
	Check  string `json:"check"`            // what was looked at
	Status string `json:"status"`           // ok, warn or fail
	Found  string `json:"found"`            // one line
	Advice string `json:"advice,omitempty"` // what to do; "" when there is nothing to do
}

// WorstFinding returns the worst status of findings, ok when there are none.
func WorstFinding(findings []Finding) string {
	worst := FindingOK
	for _, f := range findings {
		if f.Status == FindingFail || f.Status == FindingWarn && worst == FindingOK {
			worst = f.Status
		}
	}
	return worst
}

// OneLine keeps what somebody sent on one line of a finding, and short.
func OneLine(s string, most int) string {
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))), " ")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
