package store

import "strings"

// reasonOf is why a connection failed, in one line: the driver lists each
// address and each way (with TLS, then without) on a line of its own, often the
// same words twice.
func reasonOf(text string) string {
	lines := strings.Split(text, "\n")
	if len(lines) == 1 {
		return text
	}
	var reasons []string
	seen := map[string]bool{}
	for _, line := range lines[1:] { // the first names user and database, as we do
		line = strings.TrimSpace(line)
		if line == "" || seen[line] {
			continue
		}
		seen[line] = true
		reasons = append(reasons, line)
	}
	var told []string
	for _, r := range reasons {
		if len(reasons) > 1 && strings.HasSuffix(r, "tls error: server refused TLS connection") {
			continue // then it was tried without, and that failed by the next line
		}
		told = append(told, r)
	}
	if len(told) == 0 {
		told = reasons
	}
	return strings.Join(told, "; ")
}
