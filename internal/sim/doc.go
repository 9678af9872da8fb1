// Package sim is a simulated organisation: services and teams, pull requests,
// builds, roll-outs, incidents and repairs, as the tools of a company would
// report them, with the truth recorded beside. Tests compare what Plimsoll finds
// with that truth, and the demo shows it.
//
// It refuses to know how anything is measured or judged: the truth comes from
// its own bookkeeping, at the moment it makes a thing happen. It has no clock
// and no chance of its own. The same Config gives the same bytes, however the
// time is cut into steps.
package sim
