-- What pauses a function, and how its asynchronous executions are retried and passed on.
-- The defaults are those of the API; a release before this one goes on inserting rows without them.

-- +goose Up
ALTER TABLE apps
    ADD COLUMN enabled            BOOLEAN NOT NULL DEFAULT TRUE;

ALTER TABLE functions
    ADD COLUMN enabled            BOOLEAN NOT NULL DEFAULT TRUE,
    ADD COLUMN priority           INT NOT NULL DEFAULT 0,
    ADD COLUMN retry_max_attempts INT NOT NULL DEFAULT 3,
    ADD COLUMN retry_min_delay_s  INT NOT NULL DEFAULT 1,
    ADD COLUMN retry_max_delay_s  INT NOT NULL DEFAULT 300,
    ADD COLUMN retry_max_age_s    INT NOT NULL DEFAULT 21600,
    ADD COLUMN on_success         VARCHAR(2048) NOT NULL DEFAULT '',
    ADD COLUMN on_failure         VARCHAR(2048) NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE functions
    DROP COLUMN enabled,
    DROP COLUMN priority,
    DROP COLUMN retry_max_attempts,
    DROP COLUMN retry_min_delay_s,
    DROP COLUMN retry_max_delay_s,
    DROP COLUMN retry_max_age_s,
    DROP COLUMN on_success,
    DROP COLUMN on_failure;
ALTER TABLE apps
    DROP COLUMN enabled;
