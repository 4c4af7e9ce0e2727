-- Executions that nobody waits for: the queue, inputs, results, logs in parts.
-- Every index of executions costs each synchronous record 2 µs of the server's processor time, so there are two more
-- and no third: the rest is in tables of its own.

-- +goose Up
ALTER TABLE executions
    ADD COLUMN async        BOOLEAN       NOT NULL DEFAULT FALSE,
    ADD COLUMN trigger_id   CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL,
    ADD COLUMN event_id     VARCHAR(255)  NULL,
    ADD COLUMN caused_by    CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL,
    ADD COLUMN depth        TINYINT       NOT NULL DEFAULT 0,
    ADD COLUMN destination  VARCHAR(2048) NULL,
    ADD COLUMN redrive_of   CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL,
    ADD COLUMN redriven_as  CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL,
    ADD COLUMN attempt      INT           NOT NULL DEFAULT 1,
    ADD COLUMN max_attempts INT           NOT NULL DEFAULT 1,
    ADD COLUMN run_at       DATETIME(6)   NULL COMMENT 'of a queued one',
    ADD COLUMN lease        INT           NOT NULL DEFAULT 0 COMMENT 'how often it was claimed',
    ADD COLUMN lease_until  DATETIME(6)   NULL COMMENT 'of a running one',
    ADD COLUMN open_as      CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'function_id when queued; running',
    ADD COLUMN failed_in    VARCHAR(64)   NULL COMMENT 'project_id when it ended without success';

UPDATE executions SET failed_in = project_id WHERE status <> 'succeeded';

-- The first is the queue, and what runs: of all that has ended it is NULL, which is one place in the index.
-- The second is for lists of what failed among millions, and for purging what succeeded. Neither has the status in it:
-- then an execution that succeeds is written to the second but once.
ALTER TABLE executions
    ADD KEY executions_open (open_as, run_at),
    ADD KEY executions_failed (failed_in, created_at);

-- Executions with a key, or of a trigger.
CREATE TABLE execution_keys (
    dedupe_key   BINARY(32)  NOT NULL COMMENT 'SHA-256 of function, trigger and key',
    of_execution CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    by_trigger   CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL,
    made_at      DATETIME(6) NOT NULL COMMENT 'created_at of the execution',
    PRIMARY KEY (dedupe_key),
    KEY execution_keys_execution (of_execution),
    KEY execution_keys_trigger (by_trigger, made_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Inputs and results, in pieces of up to 1 MiB.
CREATE TABLE execution_payloads (
    execution_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    kind         TINYINT     NOT NULL COMMENT '1 input, 2 result',
    seq          INT         NOT NULL COMMENT 'from 0',
    header       MEDIUMTEXT  NOT NULL COMMENT 'JSON object, with the first piece',
    data         MEDIUMBLOB  NOT NULL,
    created_at   DATETIME(6) NOT NULL,
    PRIMARY KEY (execution_id, kind, seq),
    KEY execution_payloads_created (created_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- A row is locked while executions of a function or project with a limit are claimed. It is written, too:
-- of a cluster, only what is written is the same lock on every server.
CREATE TABLE claim_locks (
    id     VARCHAR(64) NOT NULL COMMENT 'of a function or project',
    claims BIGINT      NOT NULL,
    PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

ALTER TABLE execution_logs
    ADD COLUMN attempt    INT         NOT NULL DEFAULT 1 AFTER execution_id,
    ADD COLUMN position   BIGINT      NOT NULL DEFAULT 0 COMMENT 'of the first byte, in what the attempt wrote' AFTER attempt,
    ADD COLUMN created_at DATETIME(6) NULL,
    DROP PRIMARY KEY,
    ADD PRIMARY KEY (execution_id, attempt, position);

UPDATE execution_logs l LEFT JOIN executions e ON e.id = l.execution_id
    SET l.created_at = COALESCE(e.created_at, UTC_TIMESTAMP(6));

ALTER TABLE execution_logs
    MODIFY COLUMN created_at DATETIME(6) NOT NULL,
    ADD KEY execution_logs_created (created_at);

-- +goose Down
DELETE FROM execution_logs WHERE attempt > 1 OR position > 0;
ALTER TABLE execution_logs
    DROP PRIMARY KEY,
    ADD PRIMARY KEY (execution_id),
    DROP KEY execution_logs_created,
    DROP COLUMN attempt,
    DROP COLUMN position,
    DROP COLUMN created_at;
DROP TABLE claim_locks;
DROP TABLE execution_payloads;
DROP TABLE execution_keys;
ALTER TABLE executions
    DROP KEY executions_open,
    DROP KEY executions_failed,
    DROP COLUMN async,
    DROP COLUMN trigger_id,
    DROP COLUMN event_id,
    DROP COLUMN caused_by,
    DROP COLUMN depth,
    DROP COLUMN destination,
    DROP COLUMN redrive_of,
    DROP COLUMN redriven_as,
    DROP COLUMN attempt,
    DROP COLUMN max_attempts,
    DROP COLUMN run_at,
    DROP COLUMN lease,
    DROP COLUMN lease_until,
    DROP COLUMN open_as,
    DROP COLUMN failed_in;
