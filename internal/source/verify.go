package source

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// mostSignatures is how many signatures of one delivery are looked at.
const mostSignatures = 10

// HMAC verifies signatures of the form prefix + hexadecimal HMAC-SHA256 in a
// header, which may hold several with commas between them.
func HMAC(header, prefix string) func([]string, http.Header, []byte, plimsoll.Time) bool {
	return func(secrets []string, h http.Header, body []byte, _ plimsoll.Time) bool {
		var given [][]byte
		for _, s := range strings.Split(strings.Join(h.Values(header), ","), ",") {
			s, ok := strings.CutPrefix(strings.TrimSpace(s), prefix)
			sum, err := hex.DecodeString(s)
			if ok && err == nil && len(sum) == sha256.Size && len(given) < mostSignatures {
				given = append(given, sum)
			}
		}
		good := false
		for _, secret := range secrets {
			sum := mac(secret, body)
			for _, g := range given {
				good = hmac.Equal(sum, g) || good
			}
		}
		return good
	}
}

func mac(secret string, parts ...[]byte) []byte {
	m := hmac.New(sha256.New, []byte(secret))
	for _, p := range parts {
		m.Write(p)
	}
	return m.Sum(nil)
}

// Token verifies that a header holds the secret itself, after a prefix.
func Token(header, prefix string) func([]string, http.Header, []byte, plimsoll.Time) bool {
	return func(secrets []string, h http.Header, _ []byte, _ plimsoll.Time) bool {
		given := h.Get(header)
		if len(given) < len(prefix) || !strings.EqualFold(given[:len(prefix)], prefix) {
			return false
		}
		return Equal(secrets, given[len(prefix):])
	}
}

// Equal reports whether one of the secrets is what was given, in time that
// depends on neither.
func Equal(secrets []string, given string) bool {
	sum, good := sha256.Sum256([]byte(given)), 0
	for _, s := range secrets {
		want := sha256.Sum256([]byte(s))
		good |= subtle.ConstantTimeCompare(sum[:], want[:])
	}
	return good == 1 && given != ""
}

// tolerance is how old or new a signature with a time may be.
const tolerance = 5 * time.Minute

// Standard verifies signatures as Standard Webhooks 1.0 specifies them: the
// headers webhook-id, webhook-timestamp and webhook-signature, and secrets in
// base64 after whsec_.
func Standard(secrets []string, h http.Header, body []byte, now plimsoll.Time) bool {
	id, stamp := h.Get("Webhook-Id"), h.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || id == "" || seconds < 0 || seconds > 1e11 {
		return false
	}
	if age := now.Std().Sub(time.Unix(seconds, 0)); age > tolerance || age < -tolerance {
		return false
	}
	var given [][]byte
	for _, s := range strings.Fields(h.Get("Webhook-Signature")) {
		s, ok := strings.CutPrefix(s, "v1,")
		sum, err := base64.StdEncoding.DecodeString(s)
		if ok && err == nil && len(given) < mostSignatures {
			given = append(given, sum)
		}
	}
	good := false
	for _, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil {
			key = []byte(secret)
		}
		sum := mac(string(key), []byte(id+"."+stamp+"."), body)
		for _, g := range given {
			good = hmac.Equal(sum, g) || good
		}
	}
	return good
}

// HeaderID reads the delivery's name from the first of the headers that is set.
func HeaderID(names ...string) func(http.Header) string {
	return func(h http.Header) string {
		for _, n := range names {
			if id := h.Get(n); id != "" && len(id) <= 200 {
				return id
			}
		}
		return ""
	}
}
