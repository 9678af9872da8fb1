package sim

import (
	"fmt"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// Version changes whenever the same Config no longer gives the same events.
// Whoever stores events and goes on later compares it.
const Version = 1

// Config says what organisation to simulate. Shares are 0..1.
type Config struct {
	Seed  uint64
	Start plimsoll.Time // of the record, in whole seconds
	End   plimsoll.Time // nothing is simulated beyond; zero means never ending

	Services    int     // 1 to 5,000
	Teams       int     // 0: one for about 4 services
	Deployments float64 // production roll-outs of one service a year, of any kind, on average; 0: 250
	Changes     float64 // for each of them; 0: 3

	FlawShare float64 // of releases that break something; 0: 0.14, below 0: none
	Named     float64 // share of the incidents caused by a deployment that name it; 0: 0.35, 1: all, at once; below 0: none
	Outside   float64 // incidents a year and service that no deployment caused; 0: 1.5, below 0: none
	Flags     float64 // flag changes a year and service; 0: 12, below 0: none
	Gaming    bool    // some services show the signs of gaming, see Org.Signs
	NoTruth   bool    // nothing is recorded; for runs larger than memory
}

// The bounds of a Config.
const (
	mostServices    = 5000
	mostDeployments = 3000 // of a service a year: one roll-out takes up to an hour
)

// check fills in what was left out and refuses what cannot be simulated.
func (c *Config) check() error {
	if c.Services < 1 || c.Services > mostServices {
		return plimsoll.FieldErrorf("services", "%d; expected 1 to %d", c.Services, mostServices)
	}
	if c.Teams == 0 {
		c.Teams = (c.Services + 3) / 4
	}
	if c.Teams < 1 || c.Teams > c.Services {
		return plimsoll.FieldErrorf("teams", "%d; expected 1 to the %d services", c.Teams, c.Services)
	}
	if !c.Start.Known() || c.Start%second != 0 {
		return plimsoll.FieldErrorf("start", "%q; expected a time in whole seconds", c.Start)
	}
	if c.End != 0 && c.End <= c.Start {
		return plimsoll.FieldErrorf("end", "%s is not after start (%s)", c.End, c.Start)
	}
	if c.End == 0 {
		c.End = plimsoll.Forever
	}
	c.Deployments, c.Changes = or(c.Deployments, 250), or(c.Changes, 3)
	if !(c.Deployments >= 1 && c.Deployments <= mostDeployments) { // NaN is neither
		return plimsoll.FieldErrorf("deployments", "%g a service and year; expected 1 to %d", c.Deployments, mostDeployments)
	}
	if !(c.Changes >= 0.5 && c.Changes <= 50) {
		return plimsoll.FieldErrorf("changes", "%g a deployment; expected 0.5 to 50", c.Changes)
	}
	c.FlawShare, c.Named = or(c.FlawShare, 0.14), or(c.Named, 0.35)
	c.Outside, c.Flags = or(c.Outside, 1.5), or(c.Flags, 12)
	for name, share := range map[string]float64{"flaws": c.FlawShare, "named": c.Named} {
		if !(share <= 1) {
			return plimsoll.FieldErrorf(name, "%g; expected a share up to 1", share)
		}
	}
	if !(c.Outside <= 1000 && c.Flags <= 1000) {
		return plimsoll.FieldErrorf("outside", "%g incidents and %g flags a year; expected at most 1000", c.Outside, c.Flags)
	}
	return nil
}

// or is v, the usual value where v is 0, and 0 where v is below.
func or(v, usual float64) float64 {
	switch {
	case v == 0:
		return usual
	case v < 0:
		return 0
	}
	return v
}

// second is the grain of every time: tools rarely report finer ones.
const second = plimsoll.Time(1e6)

const year = 365 * 24 * time.Hour

// String says which organisation it is, for messages.
func (c Config) String() string {
	return fmt.Sprintf("%d services, seed %d, since %s", c.Services, c.Seed, c.Start)
}
