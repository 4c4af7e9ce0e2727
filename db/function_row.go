package db

import (
	"database/sql"

	"github.com/picasso-faas/picasso"
)

// The columns of functions that an update replaces, in the order of functionValues.
const functionFields = "name, description, image, image_digest, contract, entrypoint, command, config, public, " +
	"memory_mb, cpus, tmp_mb, timeout_s, queue_timeout_s, idle_timeout_s, concurrency, min_sandboxes, max_sandboxes, " +
	"network, health_path, enabled, priority, retry_max_attempts, retry_min_delay_s, retry_max_delay_s, retry_max_age_s, " +
	"on_success, on_failure, delegate_roles, host_tags, trust_id, trust_user, revision, updated_at"

// What scanFunction reads.
const functionColumns = "f.id, f.project_id, f.app_id, a.name, a.config, a.enabled, f.created_at, f.name, f.description, f.image, f.image_digest, " +
	"f.contract, f.entrypoint, f.command, f.config, f.public, " +
	"f.memory_mb, f.cpus, f.tmp_mb, f.timeout_s, f.queue_timeout_s, f.idle_timeout_s, f.concurrency, f.min_sandboxes, f.max_sandboxes, " +
	"f.network, f.health_path, f.enabled, f.priority, f.retry_max_attempts, f.retry_min_delay_s, f.retry_max_delay_s, f.retry_max_age_s, " +
	"f.on_success, f.on_failure, f.delegate_roles, f.host_tags, f.trust_id, f.trust_user, f.revision, f.updated_at"

// functionValues are the values of functionFields.
func functionValues(fn *picasso.Function) ([]any, error) {
	entrypoint, err1 := jsonText(fn.Entrypoint)
	command, err2 := jsonText(fn.Command)
	config, err3 := jsonText(fn.Config)
	roles, err4 := jsonText(fn.DelegateRoles)
	tags, err5 := jsonText(fn.HostTags)
	for _, err := range []error{err1, err2, err3, err4, err5} {
		if err != nil {
			return nil, err
		}
	}
	trustID, trustUser := trustValues(fn.Trust)
	return []any{
		fn.Name, fn.Description, fn.Image, fn.ImageDigest, string(fn.Contract), entrypoint, command, config, fn.Public,
		fn.MemoryMB, fn.CPUs, fn.TmpMB, fn.TimeoutS, fn.QueueTimeoutS, fn.IdleTimeoutS, fn.Concurrency, fn.MinSandboxes, fn.MaxSandboxes,
		string(fn.Network), fn.HealthPath, fn.Enabled, fn.Priority,
		fn.Retry.MaxAttempts, fn.Retry.MinDelayS, fn.Retry.MaxDelayS, fn.Retry.MaxAgeS,
		fn.OnSuccess, fn.OnFailure, roles, tags, trustID, trustUser, fn.Revision, fn.UpdatedAt,
	}, nil
}

func scanFunction(row row, fn *picasso.Function) error {
	var entrypoint, command, config, appConfig, roles, tags string
	var trustID, trustUser sql.NullString
	err := row.Scan(&fn.ID, &fn.ProjectID, &fn.AppID, &fn.App, &appConfig, &fn.AppEnabled, &fn.CreatedAt,
		&fn.Name, &fn.Description, &fn.Image, &fn.ImageDigest, &fn.Contract, &entrypoint, &command, &config, &fn.Public,
		&fn.MemoryMB, &fn.CPUs, &fn.TmpMB, &fn.TimeoutS, &fn.QueueTimeoutS, &fn.IdleTimeoutS, &fn.Concurrency, &fn.MinSandboxes, &fn.MaxSandboxes,
		&fn.Network, &fn.HealthPath, &fn.Enabled, &fn.Priority,
		&fn.Retry.MaxAttempts, &fn.Retry.MinDelayS, &fn.Retry.MaxDelayS, &fn.Retry.MaxAgeS,
		&fn.OnSuccess, &fn.OnFailure, &roles, &tags, &trustID, &trustUser, &fn.Revision, &fn.UpdatedAt)
	if err != nil {
		return err
	}
	fn.Trust = trustOf(trustID, trustUser)
	if fn.AppConfig, err = object(appConfig); err != nil {
		return err
	}
	if fn.Config, err = object(config); err != nil {
		return err
	}
	if fn.Entrypoint, err = list(entrypoint); err != nil {
		return err
	}
	if fn.Command, err = list(command); err != nil {
		return err
	}
	if fn.DelegateRoles, err = list(roles); err != nil {
		return err
	}
	fn.HostTags, err = list(tags)
	return err
}
