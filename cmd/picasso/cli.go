package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/picasso-faas/picasso/api/client"
	"github.com/picasso-faas/picasso/cmd/internal/build"
)

// Exit statuses, as those of openstackclient.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// terminal is what the client sees of the world.
type terminal struct {
	in       *os.File
	out, err io.Writer
	watched  bool // somebody sees err as it comes
	env      func(name string) string
	now      func() time.Time
}

// cli is one run of the client.
type cli struct {
	terminal
	auth  authOptions
	debug bool
}

// usageError is a command line that cannot be meant.
type usageError struct{ error }

// run runs one command line and returns the exit status.
func run(ctx context.Context, args []string, t terminal) int {
	c := &cli{terminal: t}
	root := newRoot(c)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintf(t.err, "usage: %s\n%s: error: %s\nTry '%s --help'.\n", cmd.UseLine(), cmd.CommandPath(), err, cmd.CommandPath())
		return exitUsage
	default:
		fmt.Fprintln(t.err, strings.TrimSpace(c.explain(err)))
		return exitFailure
	}
}

// explain says more than Go does when nobody listens where we look, and what
// is missing when nobody has said who we are.
func (c *cli) explain(err error) string {
	var unreachable *url.Error
	var answer *client.Error
	switch {
	case errors.Is(err, context.Canceled): // by a signal
		return "Interrupted"
	case errors.As(err, &unreachable):
		text := fmt.Sprintf("Cannot reach %s: %s", unreachable.URL, unreachable.Err)
		if c.auth.isEmpty() {
			text += "\nThat is where a development server listens: \"make run\" starts one. For a cloud, set OS_* variables or give --os-cloud."
		}
		return text
	case errors.As(err, &answer) && answer.Status == http.StatusUnauthorized && c.auth.isEmpty():
		return err.Error() + "\nGive --os-cloud or set OS_* variables."
	}
	return err.Error()
}

// plainly says what pflag says about a number in the words of Go's strconv.
func plainly(err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	flag := invalid.GetFlag()
	switch {
	case flag.Name == "memory" || flag.Name == "tmp":
		return fmt.Errorf("--%s: must be a whole number of MiB", flag.Name)
	case flag.Value.Type() == "int":
		return fmt.Errorf("--%s: must be a whole number", flag.Name)
	case flag.Value.Type() == "seconds", flag.Value.Type() == "time":
		return fmt.Errorf("--%s: %w", flag.Name, invalid.Unwrap())
	}
	return err
}

func newRoot(c *cli) *cobra.Command {
	root := &cobra.Command{
		Use: "picasso", Short: "Client of the Functions service of OpenStack clouds",
		Long: "Client of the Functions service of OpenStack clouds.\n\nIt logs in with OS_* variables, --os-* options or an entry of clouds.yaml (--os-cloud).\n" +
			"With none of these it talks to a development server at " + client.DevelopmentEndpoint + ".",
		Version: build.Version(), SilenceErrors: true, SilenceUsage: true,
	}
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if words := cmd.Flags().Args(); cmd.HasSubCommands() && len(words) > 0 {
			return wrongWord(cmd, words[0]) // rather than its flags
		}
		return usageError{plainly(err)}
	})
	root.SetUsageTemplate(strings.Replace(root.UsageTemplate(), "{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}",
		"  Options for login and --debug: see 'picasso --help'", 1))
	root.SetGlobalNormalizationFunc(alias)
	root.PersistentFlags().BoolVar(&c.debug, "debug", false, "show requests and answers, without secrets and bodies")
	c.auth.addFlags(root.PersistentFlags())
	functions := c.functions()
	for _, group := range []*cobra.Command{c.apps(), c.executions(), c.triggers(), c.hosts(), c.limits()} {
		group.Hidden = true
		functions.AddCommand(group) // the words of the openstack client
	}
	root = grouped(root, c.apps(), functions, c.executions(), c.triggers(), c.hosts(), c.limits())
	c.completes(root)
	return root
}

// alias lets flags be written as the openstack client has them, where words differ.
func alias(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	switch name {
	case "object-prefix", "object-suffix":
		name = strings.TrimPrefix(name, "object-")
	case "os-functions-endpoint-override":
		name = "os-endpoint"
	}
	return pflag.NormalizedName(name)
}

// group is a word that other words follow.
func group(name, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: name, Short: short}
	return grouped(cmd, commands...)
}

func grouped(cmd *cobra.Command, commands ...*cobra.Command) *cobra.Command {
	cmd.SuggestionsMinimumDistance = 2
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return wrongWord(cmd, args[0])
		}
		return cmd.Help()
	}
	cmd.AddCommand(commands...)
	return cmd
}

func wrongWord(cmd *cobra.Command, word string) error {
	text := fmt.Sprintf("%q is not a command", word)
	if near := cmd.SuggestionsFor(word); len(near) > 0 {
		text += "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return usageError{errors.New(text)}
}

// action is a command with its arguments, logged in.
type action func(ctx context.Context, api *client.Client, args []string) error

// command makes a leaf. use names the arguments, of which there are at least
// and at most as many as given; at most -1 is any number.
func (c *cli) command(use, short string, arguments [2]int, do action) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short,
		Args: func(_ *cobra.Command, args []string) error { return count(args, use, arguments) },
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.connect(cmd.Context())
			if err != nil {
				return err
			}
			return do(cmd.Context(), api, args)
		},
	}
}

// checked makes a command look at its flags before it does anything.
func checked(cmd *cobra.Command, check func() error) *cobra.Command {
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := check(); err != nil {
			return usageError{err}
		}
		return run(cmd, args)
	}
	return cmd
}

// count checks the number of arguments, in the words of argparse.
func count(args []string, use string, arguments [2]int) error {
	_, names, _ := strings.Cut(use, " ")
	switch {
	case len(args) < arguments[0]:
		return usageError{fmt.Errorf("the following arguments are required: %s", names)}
	case arguments[1] >= 0 && len(args) > arguments[1]:
		return usageError{fmt.Errorf("unrecognized arguments: %s", strings.Join(args[arguments[1]:], " "))}
	}
	return nil
}

// The counts of arguments.
func exactly(n int) [2]int { return [2]int{n, n} }
func atLeast(n int) [2]int { return [2]int{n, -1} }
