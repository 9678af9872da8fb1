package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll"
)

// place is where a verb that never asks a server finds the data.
type place struct{ data, database string }

// dataFlag is the folder of a verb that knows nothing else.
func dataFlag(c *cobra.Command) *string {
	data := os.Getenv("PLIMSOLL_DATA")
	if data == "" {
		data = defaultData
	}
	c.Flags().StringVar(&data, "data", data, "data folder (PLIMSOLL_DATA)")
	return &data
}

// placeFlags are those of a verb that works on a database too.
func placeFlags(c *cobra.Command) *place {
	p := &place{}
	f := c.Flags()
	f.StringVar(&p.data, "data", "", "data folder (PLIMSOLL_DATA), "+defaultData+" if nothing is said")
	f.StringVar(&p.database, "database", "", "database instead of a folder, postgres://USER@HOST/NAME (PLIMSOLL_DATABASE)")
	return p
}

// resolve finds out which place is meant. With must it has to hold data: a
// folder with a slip in its name would be made, and called whatever the verb
// does.
func (p *place) resolve(must bool) error {
	if p.data != "" && p.database != "" {
		return plimsoll.FieldErrorf("--database", "contradicts --data; give one of them")
	}
	if p.data == "" && p.database == "" {
		if p.database = os.Getenv("PLIMSOLL_DATABASE"); p.database == "" {
			p.data = os.Getenv("PLIMSOLL_DATA")
		}
	}
	if p.data == "" && p.database == "" {
		p.data = defaultData
	}
	if p.database != "" || !must {
		return nil
	}
	if _, err := os.Stat(filepath.Join(p.data, "plimsoll.db")); errors.Is(err, os.ErrNotExist) {
		return plimsoll.FieldErrorf("--data", "%s holds no data yet; expected the folder of a server", p.data)
	}
	return nil
}

// String names the place; an address may hold a password.
func (p *place) String() string {
	if p.database != "" {
		return "the database"
	}
	return p.data
}
