package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/client"
	"github.com/picasso-faas/picasso/cmd/picasso/cliff"
)

// functionInvoke hands standard input, or -d, to the function and writes only
// its answer to standard output; with --async, the execution.
func (c *cli) functionInvoke() *cobra.Command {
	f := new(invokeFlags)
	cmd := c.command("invoke <function>", "Invoke a function; its input is -d, or standard input unless that is a terminal", exactly(1),
		func(ctx context.Context, api *client.Client, args []string) error {
			body, err := c.input("-d", f.flags.Changed("data"), f.data)
			if err != nil {
				return err
			}
			if closer, ok := body.(io.Closer); ok {
				defer closer.Close()
			}
			input := client.Input{Body: body, ContentType: f.contentType, IdempotencyKey: f.key}
			if f.async {
				e, err := api.InvokeAsync(ctx, args[0], input)
				if err != nil {
					return err
				}
				return c.queued(ctx, api, e, f)
			}
			done := c.progress(always("waiting for the function"))
			answer, err := api.Invoke(ctx, args[0], input)
			done()
			if err != nil {
				return err
			}
			return c.output(answer)
		})
	cmd.Example = "  picasso function invoke hello -d Ada\n  picasso function invoke hello -d @input.json --content-type application/json\n" +
		"  date | picasso function invoke hello\n  picasso function invoke hello -d Ada --async -f value -c id"
	f.add(cmd.Flags())
	return checked(cmd, f.check)
}

// invokeFlags say how to invoke, and with what.
type invokeFlags struct {
	flags             *pflag.FlagSet
	data, contentType string
	async, wait       bool
	key               string
	shown             *cliff.Options
}

func (f *invokeFlags) add(flags *pflag.FlagSet) {
	f.flags = flags
	flags.StringVarP(&f.data, "data", "d", "", "the input; @FILE takes it from a file, @- from standard input")
	flags.StringVar(&f.contentType, "content-type", "", "type of the input (default application/octet-stream)")
	flags.BoolVar(&f.async, "async", false, "do not wait for the answer: show the execution that is queued for it")
	flags.BoolVar(&f.wait, "wait", false, "with --async: until the execution has ended; fails when it did not succeed")
	flags.StringVar(&f.key, "idempotency-key", "", "with --async: of several calls with the same key only the first makes an execution")
	f.shown = cliff.NewOptions(flags, false)
}

func (f *invokeFlags) check() error {
	for _, name := range []string{"wait", "idempotency-key", "format", "column"} {
		if f.flags.Changed(name) && !f.async {
			return fmt.Errorf("argument --%s: only with --async", name)
		}
	}
	return f.shown.Check()
}

// queued shows the execution, with --wait when it has ended, and also when it
// did not succeed.
func (c *cli) queued(ctx context.Context, api *client.Client, e *picasso.Execution, f *invokeFlags) error {
	if id := e.ID; f.wait {
		var err error
		if e, err = c.await(ctx, api, e); err != nil {
			fmt.Fprintf(c.err, "Execution %s is stored and will run, but waiting for it ended:\n", id)
			return err
		}
	}
	if err := f.shown.Show(c.out, oneOf(executionFields(e))); err != nil {
		return err
	}
	if f.wait && e.Status != picasso.StatusSucceeded {
		return fmt.Errorf("the execution ended as %s: %s (Execution-ID: %s)", e.Status, e.Reason, e.ID)
	}
	return nil
}

// await returns an execution when it has ended.
func (c *cli) await(ctx context.Context, api *client.Client, e *picasso.Execution) (last *picasso.Execution, err error) {
	var status atomic.Value
	status.Store(e.Status)
	defer c.progress(func() string { return fmt.Sprintf("execution %s is %s", e.ID, status.Load()) })()
	for last, err = range api.WatchExecution(ctx, e.ID) {
		if err == nil {
			status.Store(last.Status)
		}
	}
	return last, err
}

// input is what the argument says, if given: a text, or @ and the name of a file. Otherwise it is standard
// input unless somebody sits there.
func (c *cli) input(argument string, given bool, data string) (io.Reader, error) {
	name, isFile := strings.CutPrefix(data, "@")
	switch {
	case given && isFile && name != "-":
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("argument %s: %w", argument, err)
		}
		return file, nil
	case given && !isFile:
		return strings.NewReader(data), nil
	case !given && isTerminal(c.in):
		return nil, nil
	}
	return io.NopCloser(c.in), nil // net/http closes bodies; standard input is not ours
}

// text is the whole of what an argument says: a text, or @ and the name of a file.
func (c *cli) text(argument, data string) (string, error) {
	from, err := c.input(argument, true, data)
	if err != nil {
		return "", err
	}
	if closer, ok := from.(io.Closer); ok {
		defer closer.Close()
	}
	text, err := io.ReadAll(from)
	if err != nil {
		return "", fmt.Errorf("argument %s: %w", argument, err)
	}
	return string(text), nil
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err != nil || info.Mode()&os.ModeCharDevice != 0
}

func (c *cli) output(answer *client.Output) error {
	defer answer.Body.Close()
	if _, err := io.Copy(c.out, answer.Body); err != nil {
		return fmt.Errorf("the answer was cut off: %w (Execution-ID: %s)", err, answer.ExecutionID)
	}
	if answer.Status >= 400 {
		return fmt.Errorf("the function answered HTTP %d (Execution-ID: %s)", answer.Status, answer.ExecutionID)
	}
	return nil
}
