-- Executions that nobody waits for: the queue, inputs, results, logs in parts.
-- The columns and indexes are those of MySQL, so that the statements are, too.

-- +goose Up
ALTER TABLE executions ADD COLUMN async BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE executions ADD COLUMN trigger_id TEXT NULL;
ALTER TABLE executions ADD COLUMN event_id TEXT NULL;
ALTER TABLE executions ADD COLUMN caused_by TEXT NULL;
ALTER TABLE executions ADD COLUMN depth INTEGER NOT NULL DEFAULT 0;
ALTER TABLE executions ADD COLUMN destination TEXT NULL;
ALTER TABLE executions ADD COLUMN redrive_of TEXT NULL;
ALTER TABLE executions ADD COLUMN redriven_as TEXT NULL;
ALTER TABLE executions ADD COLUMN attempt INTEGER NOT NULL DEFAULT 1;
ALTER TABLE executions ADD COLUMN max_attempts INTEGER NOT NULL DEFAULT 1;
ALTER TABLE executions ADD COLUMN run_at DATETIME NULL; -- of a queued one
ALTER TABLE executions ADD COLUMN lease INTEGER NOT NULL DEFAULT 0; -- how often it was claimed
ALTER TABLE executions ADD COLUMN lease_until DATETIME NULL; -- of a running one
ALTER TABLE executions ADD COLUMN open_as TEXT NULL; -- function_id when queued; running
ALTER TABLE executions ADD COLUMN failed_in TEXT NULL; -- project_id when it ended without success

UPDATE executions SET failed_in = project_id WHERE status <> 'succeeded';

CREATE INDEX executions_open ON executions (open_as, run_at) WHERE open_as IS NOT NULL;
CREATE INDEX executions_failed ON executions (failed_in, created_at);

-- Executions with a key, or of a trigger.
CREATE TABLE execution_keys (
    dedupe_key   BLOB NOT NULL, -- SHA-256 of function, trigger and key
    of_execution TEXT NOT NULL,
    by_trigger   TEXT NULL,
    made_at      DATETIME NOT NULL, -- created_at of the execution
    PRIMARY KEY (dedupe_key)
);
CREATE INDEX execution_keys_execution ON execution_keys (of_execution);
CREATE INDEX execution_keys_trigger ON execution_keys (by_trigger, made_at);

-- Inputs and results, in pieces of up to 1 MiB.
CREATE TABLE execution_payloads (
    execution_id TEXT NOT NULL,
    kind         INTEGER NOT NULL, -- 1 input, 2 result
    seq          INTEGER NOT NULL, -- from 0
    header       TEXT NOT NULL, -- JSON object, with the first piece
    data         BLOB NOT NULL,
    created_at   DATETIME NOT NULL,
    PRIMARY KEY (execution_id, kind, seq)
);
CREATE INDEX execution_payloads_created ON execution_payloads (created_at);

CREATE TABLE execution_log_parts (
    execution_id TEXT NOT NULL,
    attempt      INTEGER NOT NULL,
    position     INTEGER NOT NULL, -- of the first byte, in what the attempt wrote
    log          BLOB NOT NULL,
    created_at   DATETIME NOT NULL,
    PRIMARY KEY (execution_id, attempt, position)
);
INSERT INTO execution_log_parts (execution_id, attempt, position, log, created_at)
    SELECT l.execution_id, 1, 0, l.log, COALESCE(e.created_at, unixepoch() * 1000000)
    FROM execution_logs l LEFT JOIN executions e ON e.id = l.execution_id;
DROP TABLE execution_logs;
ALTER TABLE execution_log_parts RENAME TO execution_logs;
CREATE INDEX execution_logs_created ON execution_logs (created_at);

-- +goose Down
CREATE TABLE execution_logs_whole (
    execution_id TEXT NOT NULL,
    log          BLOB NOT NULL,
    PRIMARY KEY (execution_id)
);
INSERT INTO execution_logs_whole (execution_id, log) SELECT execution_id, log FROM execution_logs WHERE attempt = 1 AND position = 0;
DROP TABLE execution_logs;
ALTER TABLE execution_logs_whole RENAME TO execution_logs;
DROP TABLE execution_payloads;
DROP TABLE execution_keys;
DROP INDEX executions_open;
DROP INDEX executions_failed;
ALTER TABLE executions DROP COLUMN async;
ALTER TABLE executions DROP COLUMN trigger_id;
ALTER TABLE executions DROP COLUMN event_id;
ALTER TABLE executions DROP COLUMN caused_by;
ALTER TABLE executions DROP COLUMN depth;
ALTER TABLE executions DROP COLUMN destination;
ALTER TABLE executions DROP COLUMN redrive_of;
ALTER TABLE executions DROP COLUMN redriven_as;
ALTER TABLE executions DROP COLUMN attempt;
ALTER TABLE executions DROP COLUMN max_attempts;
ALTER TABLE executions DROP COLUMN run_at;
ALTER TABLE executions DROP COLUMN lease;
ALTER TABLE executions DROP COLUMN lease_until;
ALTER TABLE executions DROP COLUMN open_as;
ALTER TABLE executions DROP COLUMN failed_in;
