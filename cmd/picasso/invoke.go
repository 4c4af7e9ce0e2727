package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/picasso-faas/picasso/api/client"
)

// functionInvoke hands standard input, or -d, to the function and writes only
// its answer to standard output.
func (c *cli) functionInvoke() *cobra.Command {
	var data, contentType string
	var cmd *cobra.Command
	cmd = c.command("invoke <function>", "Invoke a function; its input is -d, or standard input unless that is a terminal", exactly(1),
		func(ctx context.Context, api *client.Client, args []string) error {
			body, err := c.input(cmd.Flags().Changed("data"), data)
			if err != nil {
				return err
			}
			if closer, ok := body.(io.Closer); ok {
				defer closer.Close()
			}
			answer, err := api.Invoke(ctx, args[0], client.Input{Body: body, ContentType: contentType})
			if err != nil {
				return err
			}
			return c.output(answer)
		})
	cmd.Example = "  picasso function invoke hello -d Ada\n  picasso function invoke hello -d @input.json --content-type application/json\n  date | picasso function invoke hello"
	cmd.Flags().StringVarP(&data, "data", "d", "", "the input; @FILE takes it from a file, @- from standard input")
	cmd.Flags().StringVar(&contentType, "content-type", "", "type of the input (default application/octet-stream)")
	return cmd
}

// input is what -d says, otherwise standard input unless somebody sits there.
func (c *cli) input(given bool, data string) (io.Reader, error) {
	name, isFile := strings.CutPrefix(data, "@")
	switch {
	case given && isFile && name != "-":
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("argument -d: %w", err)
		}
		return file, nil
	case given && !isFile:
		return strings.NewReader(data), nil
	case !given && isTerminal(c.in):
		return nil, nil
	}
	return io.NopCloser(c.in), nil // net/http closes bodies; standard input is not ours
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
