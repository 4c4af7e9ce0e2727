-- Compute hosts, what functions ask of them, and how many calls each API process runs.
-- A release before this one goes on inserting rows without any of it.

-- +goose Up
ALTER TABLE functions ADD COLUMN host_tags TEXT NOT NULL DEFAULT '[]'; -- JSON array

CREATE TABLE hosts (
    id              TEXT NOT NULL,
    name            TEXT NOT NULL,
    incarnation     TEXT NOT NULL, -- of the run of the engine that the report is of
    url             TEXT NOT NULL, -- of its RPC
    report          TEXT NOT NULL, -- JSON object: the last heartbeat, without the inventory
    inventory       TEXT NOT NULL, -- JSON object
    inventoried     INTEGER NOT NULL, -- counts the changes of the inventory
    disabled        BOOLEAN NOT NULL DEFAULT FALSE,
    disabled_reason TEXT NOT NULL DEFAULT '',
    created_at      DATETIME NOT NULL,
    updated_at      DATETIME NOT NULL, -- by an operator
    heartbeat_at    DATETIME NOT NULL, -- by the clock of this host
    PRIMARY KEY (id),
    UNIQUE (name)
);

-- A row for each API process that bounds the calls of projects.
CREATE TABLE usages (
    process TEXT NOT NULL,
    calls   TEXT NOT NULL, -- JSON object: how many calls of each project run
    told_at DATETIME NOT NULL, -- by the clock of this host
    PRIMARY KEY (process)
);

-- +goose Down
DROP TABLE usages;
DROP TABLE hosts;
ALTER TABLE functions DROP COLUMN host_tags;
