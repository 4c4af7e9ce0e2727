-- What pauses a function, and how its asynchronous executions are retried and passed on.
-- The defaults are those of the API; a release before this one goes on inserting rows without them.

-- +goose Up
ALTER TABLE apps ADD COLUMN enabled BOOLEAN NOT NULL DEFAULT TRUE;

ALTER TABLE functions ADD COLUMN enabled BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE functions ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE functions ADD COLUMN retry_max_attempts INTEGER NOT NULL DEFAULT 3;
ALTER TABLE functions ADD COLUMN retry_min_delay_s INTEGER NOT NULL DEFAULT 1;
ALTER TABLE functions ADD COLUMN retry_max_delay_s INTEGER NOT NULL DEFAULT 300;
ALTER TABLE functions ADD COLUMN retry_max_age_s INTEGER NOT NULL DEFAULT 21600;
ALTER TABLE functions ADD COLUMN on_success TEXT NOT NULL DEFAULT '';
ALTER TABLE functions ADD COLUMN on_failure TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE functions DROP COLUMN enabled;
ALTER TABLE functions DROP COLUMN priority;
ALTER TABLE functions DROP COLUMN retry_max_attempts;
ALTER TABLE functions DROP COLUMN retry_min_delay_s;
ALTER TABLE functions DROP COLUMN retry_max_delay_s;
ALTER TABLE functions DROP COLUMN retry_max_age_s;
ALTER TABLE functions DROP COLUMN on_success;
ALTER TABLE functions DROP COLUMN on_failure;
ALTER TABLE apps DROP COLUMN enabled;
