package auth

import (
	"crypto/rand"
	"encoding/base32"
	"regexp"
	"strings"
)

// A token is written plm_ID_SECRET: eight and fifty-two characters of a-z and
// 2-7. The beginning is for tools that look for secrets in the wrong places;
// Pattern is what they should look for. Nothing in it is split by a double
// click.
const (
	prefix      = "plm_"
	idBytes     = 5
	secretBytes = 32
)

// Pattern matches a token and nothing else that anybody writes.
var Pattern = regexp.MustCompile(`\bplm_[a-z2-7]{8}_[a-z2-7]{52}\b`)

var idForm = regexp.MustCompile(`^[a-z2-7]{8}$`)

// Looks reports whether a text is meant to be a token of ours, good or not.
func Looks(text string) bool { return strings.HasPrefix(text, prefix) }

var letters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: it ends the program before that
	return letters.EncodeToString(b)
}

// split takes a token apart. What has not the form of one has no id.
func split(text string) (id, secret string) {
	rest, ok := strings.CutPrefix(text, prefix)
	if !ok {
		return "", text
	}
	id, secret, ok = strings.Cut(rest, "_")
	if !ok {
		return "", text
	}
	return id, secret
}
