package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/app"
)

// defaultDemo is where the demo keeps its data when nobody says.
const defaultDemo = ".plimsoll-demo"

func demoCommand() *cobra.Command {
	var opt app.Options
	var demo app.Demo
	var zone, tokenFile string
	var logs logging
	c := &cobra.Command{
		Use:   "demo",
		Short: "Run the server with a simulated organisation",
		Long: "Run the server with a simulated organisation: a year of history, then life, with deployments, changes and\n" +
			"incidents as its clock goes on. Started again on the same folder it goes on where it was. Every page says that\n" +
			"it is simulated.",
		Example: "  plimsoll demo\n  plimsoll demo --services 40 --speed 1000 --data .plimsoll-demo-large",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if opt.Zone, err = time.LoadLocation(zone); err != nil || zone == "" {
				return plimsoll.FieldErrorf("--zone", "%q is no time zone; expected a name like Europe/Berlin", zone)
			}
			if opt.Token, err = readToken(tokenFile); err != nil {
				return err
			}
			for name, given := range map[string]bool{"seed": demo.Seed != 0, "services": demo.Services > 0} {
				if c.Flags().Changed(name) && !given {
					return plimsoll.FieldErrorf("--"+name, "%s; expected 1 or more", c.Flags().Lookup(name).Value)
				}
			}
			if opt.Log, err = logs.logger(c); err != nil {
				return err
			}
			opt.Version = version
			line := newProgress(c.OutOrStdout())
			demo.Progress = func(p app.DemoProgress) {
				if !p.Lives {
					line.bar(p.Share, fmt.Sprintf("%d events of its history", p.Events))
					return
				}
				line.done()
				fmt.Fprintf(c.OutOrStdout(), "The organisation lives: %d events so far.\n", p.Events)
			}
			opt.Demo = &demo
			return serve(c, opt)
		},
	}
	f := c.Flags()
	f.StringVar(&opt.Data, "data", defaultDemo, "folder of the demo's data, and of nothing else")
	f.StringVar(&opt.Listen, "listen", "127.0.0.1:8080", "address to listen on")
	f.StringVar(&zone, "zone", "UTC", "time zone in which days, weeks and months are cut")
	f.StringVar(&tokenFile, "token-file", "", "file with the token that every request must carry (or PLIMSOLL_TOKEN)")
	logs.flags(c)
	f.IntVar(&demo.Services, "services", 0, "how many services it has: 12, or as many as the folder holds")
	f.Uint64Var(&demo.Seed, "seed", 0, "which organisation of all possible ones: 1, or that of the folder")
	f.Float64Var(&demo.Speed, "speed", 240, "how many times as fast as ours its clock runs")
	return c
}
