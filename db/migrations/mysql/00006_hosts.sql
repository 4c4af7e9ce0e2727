-- Compute hosts, what functions ask of them, and how many calls each API process runs.
-- A release before this one goes on inserting rows without any of it.

-- +goose Up
ALTER TABLE functions
    ADD COLUMN host_tags TEXT NOT NULL DEFAULT ('[]') COMMENT 'JSON array';

CREATE TABLE hosts (
    id              CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    name            VARCHAR(255)  NOT NULL,
    incarnation     VARCHAR(64)   NOT NULL COMMENT 'of the run of the engine that the report is of',
    url             VARCHAR(1024) NOT NULL COMMENT 'of its RPC',
    report          MEDIUMTEXT    NOT NULL COMMENT 'JSON object: the last heartbeat, without the inventory',
    inventory       MEDIUMTEXT    NOT NULL COMMENT 'JSON object',
    inventoried     BIGINT        NOT NULL COMMENT 'counts the changes of the inventory',
    disabled        BOOLEAN       NOT NULL DEFAULT FALSE,
    disabled_reason VARCHAR(1024) NOT NULL DEFAULT '',
    created_at      DATETIME(6)   NOT NULL,
    updated_at      DATETIME(6)   NOT NULL COMMENT 'by an operator',
    heartbeat_at    DATETIME(6)   NOT NULL COMMENT 'by the clock of this server',
    PRIMARY KEY (id),
    UNIQUE KEY hosts_name (name)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- A row for each API process that bounds the calls of projects.
CREATE TABLE usages (
    process CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    calls   MEDIUMTEXT  NOT NULL COMMENT 'JSON object: how many calls of each project run',
    told_at DATETIME(6) NOT NULL COMMENT 'by the clock of this server',
    PRIMARY KEY (process)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- +goose Down
DROP TABLE usages;
DROP TABLE hosts;
ALTER TABLE functions
    DROP COLUMN host_tags;
