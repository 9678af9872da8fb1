package native

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/plimsoll-dev/plimsoll"
)

// meant is the end of an error that suggests the nearest word, "" if none is near.
func meant(s string, words []string) string {
	if near := nearest(s, words); near != "" {
		return fmt.Sprintf("; did you mean %s?", near)
	}
	return ""
}

// nearest returns the name that s most likely misspells or writes in another
// style (finishedAt for finished_at), "" if none is near.
func nearest(s string, names []string) string {
	if len(s) > maxName {
		return ""
	}
	if near := plimsoll.Nearest(s, names); near != "" {
		return near
	}
	for _, n := range names {
		if letters(s) == letters(n) {
			return n
		}
	}
	return ""
}

// letters leaves out what styles of writing differ in.
func letters(s string) string {
	return strings.Map(func(c rune) rune {
		if c == '_' || c == '-' || c == ' ' || c == '.' {
			return -1
		}
		return unicode.ToLower(c)
	}, s)
}
