package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/picasso-faas/picasso/api/client"
)

// resource is a kind of things that users make: its word, how one is shown,
// and what the API does with them. O is what can be set of a T.
type resource[T, O any] struct {
	*cli
	noun   string
	fields func(api *client.Client, item *T) []field
	create func(*client.Client, context.Context, O) (*T, error)
	get    func(*client.Client, context.Context, string) (*T, error)
	update func(*client.Client, context.Context, string, O) (*T, error)
	remove func(*client.Client, context.Context, string) error
	// stored hears of what was created or changed, and whether it is shown. May be nil.
	stored func(item *T, shown bool)
}

// settings are the flags that make up an O.
type settings[O any] interface {
	add(flags *pflag.FlagSet)
	// check looks at the flags; creating, also at what is missing.
	check(creating bool) error
	// opts is what is to be set; a nil name leaves that alone.
	opts(name *string) O
}

func (r *resource[T, O]) creation(short string, s settings[O]) *cobra.Command {
	cmd := r.shower("create <name>", short, exactly(1), func(ctx context.Context, api *client.Client, args []string) ([]field, error) {
		done := r.progress(always("waiting for the server, which may have to pull an image"))
		item, err := r.create(api, ctx, s.opts(&args[0]))
		done()
		if err != nil {
			return nil, err
		}
		if r.stored != nil {
			r.stored(item, true)
		}
		return r.fields(api, item), nil
	})
	s.add(cmd.Flags())
	return checked(cmd, func() error { return s.check(true) })
}

func (r *resource[T, O]) change(s settings[O]) *cobra.Command {
	var name string
	var cmd *cobra.Command
	opts := func() O { return s.opts(given(cmd.Flags(), "name", &name)) }
	cmd = r.command(fmt.Sprintf("set <%s>", r.noun), "Change "+article(r.noun), exactly(1),
		func(ctx context.Context, api *client.Client, args []string) error {
			done := r.progress(always("waiting for the server"))
			item, err := r.update(api, ctx, args[0], opts())
			done()
			if err == nil && r.stored != nil {
				r.stored(item, false)
			}
			return err
		})
	s.add(cmd.Flags())
	cmd.Flags().StringVar(&name, "name", "", "new name")
	return checked(cmd, func() error {
		if err := s.check(false); err != nil { // first: it reads files and the like into what opts gives
			return err
		}
		if reflect.ValueOf(opts()).IsZero() {
			return errors.New("nothing to change: give at least one option")
		}
		return nil
	})
}

func (r *resource[T, O]) view(short string) *cobra.Command {
	return r.shower(fmt.Sprintf("show <%s>", r.noun), short, exactly(1),
		func(ctx context.Context, api *client.Client, args []string) ([]field, error) {
			item, err := r.get(api, ctx, args[0])
			if err != nil {
				return nil, err
			}
			return r.fields(api, item), nil
		})
}

func (r *resource[T, O]) deletion() *cobra.Command { return r.each("delete", r.noun, r.remove) }

// article puts "a" or "an" in front of a noun.
func article(noun string) string {
	switch noun[0] {
	case 'a', 'e', 'i', 'o', 'u':
		return "an " + noun
	}
	return "a " + noun
}

// each is a command that does something with everything named.
func (c *cli) each(verb, noun string, do func(*client.Client, context.Context, string) error) *cobra.Command {
	use := fmt.Sprintf("%s <%s> [<%s> ...]", verb, noun, noun)
	return c.command(use, capital(verb)+" "+noun+"s", atLeast(1), func(ctx context.Context, api *client.Client, refs []string) error {
		return c.tryAll(verb, noun, refs, func(ref string) error { return do(api, ctx, ref) })
	})
}

// tryAll goes on when one of them fails, and tells in the end.
func (c *cli) tryAll(verb, noun string, refs []string, do func(ref string) error) error {
	failed := 0
	for _, ref := range refs {
		if err := do(ref); err != nil {
			failed++
			fmt.Fprintf(c.err, "Failed to %s %s '%s': %s\n", verb, noun, ref, err)
		}
	}
	if failed > 0 {
		//nolint:staticcheck // openstackclient's words
		//lint:ignore ST1005 openstackclient's words
		return fmt.Errorf("%d of %d %ss failed to %s.", failed, len(refs), noun, verb)
	}
	return nil
}

func capital(word string) string { return string(word[0]-'a'+'A') + word[1:] }
