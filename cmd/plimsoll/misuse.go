package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll-dev/plimsoll"
)

// sayMisuse makes c and all below it say a wrong argument or flag in words of
// ours: what is missing by its name, and what a slip most likely meant.
func sayMisuse(c *cobra.Command) {
	c.SetFlagErrorFunc(flagMisuse)
	if check := c.Args; check != nil && !c.HasSubCommands() {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err == nil || strings.HasPrefix(c.Use, "explain ") {
				return err
			}
			return argsMisuse(c, args)
		}
	}
	for _, sub := range c.Commands() {
		sayMisuse(sub)
	}
}

// argsMisuse takes what a verb expects from its Use, like "backup FILE".
func argsMisuse(c *cobra.Command, args []string) error {
	names := strings.Fields(c.Use)[1:]
	if len(args) < len(names) {
		return usageError("%s is missing; expected %s %s", names[len(args)], c.CommandPath(), strings.Join(names, " "))
	}
	return usageError("%q is too much; expected %s", args[len(names)],
		strings.Join(append([]string{c.CommandPath()}, append(names, "and flags only")...), " "))
}

func flagMisuse(c *cobra.Command, err error) error {
	name, ok := strings.CutPrefix(err.Error(), "unknown flag: --")
	if !ok {
		return usageError("%v; see %s --help", err, c.CommandPath())
	}
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if near := plimsoll.Nearest(name, names); near != "" {
		return usageError("unknown flag: --%s; did you mean --%s?", name, near)
	}
	return usageError("unknown flag: --%s; see %s --help", name, c.CommandPath())
}
