package web

import "github.com/plimsoll-dev/plimsoll"

// Open is the need of a route that anybody may ask.
const Open = open

// Table is every route with what it needs.
func Table() map[string]plimsoll.Permission {
	out := map[string]plimsoll.Permission{}
	for _, r := range (&Server{}).routes() {
		out[r.pattern] = r.need
	}
	return out
}
