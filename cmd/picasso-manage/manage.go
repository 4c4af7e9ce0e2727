package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/cmd/internal/build"
	"github.com/picasso-faas/picasso/cmd/internal/config"
	"github.com/picasso-faas/picasso/cmd/internal/daemon"
	"github.com/picasso-faas/picasso/cmd/internal/launch"
)

// manager is one run of the tool.
type manager struct {
	sources daemon.Sources
	environ []string
}

func newCommand(environ []string) *cobra.Command {
	m := &manager{environ: environ}
	root := &cobra.Command{
		Use: "picasso-manage", Short: "Manage what a Picasso service stands on", Version: build.Version(),
		SilenceUsage: true, SilenceErrors: true, CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.PersistentFlags().StringArrayVar(&m.sources.Files, "config-file", nil, "configuration file; may be repeated, later ones win")
	root.PersistentFlags().StringArrayVar(&m.sources.Dirs, "config-dir", nil, "directory whose *.conf files are read after the files; may be repeated")
	root.AddCommand(
		group("db", "The database",
			command("sync", "Make the schema that this version needs; safe to repeat", m.sync),
			command("version", "Show the version of the schema, and the one that this version needs", m.version)),
		m.purgeCommand(),
		group("config", "The configuration",
			command("sample", "Print picasso.conf with every option, explained", m.configSample)),
		group("policy", "The policy",
			command("sample", "Print policy.yaml with every rule, explained", m.policySample)),
	)
	return root
}

func group(name, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: name, Short: short}
	cmd.AddCommand(commands...)
	return cmd
}

func command(name, short string, run func(*cobra.Command) error) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd) },
	}
}

func (m *manager) configSample(cmd *cobra.Command) error {
	defaults := launch.DefaultConfig()
	_, err := cmd.OutOrStdout().Write(config.Sample(defaults.Sections()))
	return err
}

func (m *manager) policySample(cmd *cobra.Command) error {
	_, err := cmd.OutOrStdout().Write(launch.PolicySample())
	return err
}

// store opens the database of the configuration.
func (m *manager) store() (*launch.Store, error) {
	cfg, err := daemon.Load(launch.RoleAPI, m.sources, m.environ)
	if err != nil {
		return nil, err
	}
	return launch.OpenStore(cfg.Database)
}

func (m *manager) sync(cmd *cobra.Command) error {
	store, err := m.store()
	if err != nil {
		return err
	}
	defer store.Close()
	if err := store.Migrate(cmd.Context()); err != nil {
		return err
	}
	return showVersion(cmd, store)
}

func (m *manager) version(cmd *cobra.Command) error {
	store, err := m.store()
	if err != nil {
		return err
	}
	defer store.Close()
	return showVersion(cmd, store)
}

func showVersion(cmd *cobra.Command, store *launch.Store) error {
	have, want, err := store.Version(cmd.Context())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "schema %d, needed %d\n", have, want)
	return err
}

// purgeBatch is how many records are asked to be deleted at once; the store
// does it in smaller transactions.
const purgeBatch = 1000

func (m *manager) purgeCommand() *cobra.Command {
	var before string
	var age time.Duration
	cmd := command("purge", "Delete the records of old executions, with their logs", func(cmd *cobra.Command) error {
		until, err := purgeTime(before, age, time.Now())
		if err != nil {
			return err
		}
		return m.purge(cmd, until)
	})
	cmd.Flags().StringVar(&before, "before", "", "those created before this time: RFC 3339, or a date (UTC)")
	cmd.Flags().DurationVar(&age, "older-than", 0, "those created longer ago than this, for example 720h")
	cmd.MarkFlagsOneRequired("before", "older-than")
	cmd.MarkFlagsMutuallyExclusive("before", "older-than")
	return cmd
}

func purgeTime(before string, age time.Duration, now time.Time) (time.Time, error) {
	if before == "" {
		if age <= 0 {
			return now, errors.New("--older-than: must be more than 0")
		}
		return now.Add(-age), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, before); err == nil {
			return t, nil
		}
	}
	return now, fmt.Errorf("--before: %q is neither RFC 3339 (2026-01-31T12:00:00Z) nor a date (2026-01-31)", before)
}

func (m *manager) purge(cmd *cobra.Command, until time.Time) error {
	store, err := m.store()
	if err != nil {
		return err
	}
	defer store.Close()
	total := 0
	for {
		n, err := store.Purge(cmd.Context(), picasso.Retention{Succeeded: until, Ended: until}, purgeBatch)
		if err != nil {
			return fmt.Errorf("after %d executions: %w", total, err)
		}
		if total += n; n == 0 {
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d executions purged\n", total)
			return err
		}
	}
}
