package ui

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"testing"
)

var (
	block = regexp.MustCompile(`(?s)(:root[^{]*)\{([^}]*)\}`)
	token = regexp.MustCompile(`--([a-z0-9-]+):(#[0-9a-f]+)`)
)

func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	if len(hex) == 4 {
		hex = fmt.Sprintf("#%c%c%c%c%c%c", hex[1], hex[1], hex[2], hex[2], hex[3], hex[3])
	}
	n, err := strconv.ParseUint(hex[1:], 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	channel := func(shift uint) float64 {
		c := float64(n>>shift&255) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(16) + 0.7152*channel(8) + 0.0722*channel(0)
}

func TestEveryTextIsReadableOnEveryGround(t *testing.T) {
	for _, sheet := range []string{"tokens.css", "print.css"} {
		for _, m := range block.FindAllStringSubmatch(read(sheet), -1) {
			tokens := map[string]string{}
			for _, p := range token.FindAllStringSubmatch(m[2], -1) {
				tokens[p[1]] = p[2]
			}
			for _, ground := range []string{"ground", "surface", "raised"} {
				for _, text := range []string{"text-1", "text-2", "text-3", "accent", "ink", "ok", "failed", "rolled", "running", "flag", "warning"} {
					if tokens[ground] == "" || tokens[text] == "" {
						t.Fatalf("%s %s has no %s or %s", sheet, m[1], ground, text)
					}
					a, b := luminance(t, tokens[text]), luminance(t, tokens[ground])
					if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.5 {
						t.Errorf("%s %s: %s on %s is %.2f", sheet, m[1], text, ground, ratio)
					}
				}
			}
		}
	}
}

func TestBothWaysToTheDarkThemeSetTheSameTokens(t *testing.T) {
	blocks := block.FindAllStringSubmatch(read("tokens.css"), -1)
	if len(blocks) != 3 {
		t.Fatalf("%d blocks, want light and twice dark", len(blocks))
	}
	a, b := token.FindAllString(blocks[1][2], -1), token.FindAllString(blocks[2][2], -1)
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("%v\n%v", a, b)
	}
}
