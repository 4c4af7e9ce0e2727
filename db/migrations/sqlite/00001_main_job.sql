-- Apps, functions and the records of executions.
-- Times are microseconds since 1970; declared DATETIME, which the driver returns as times.

-- +goose Up
CREATE TABLE apps (
    id          TEXT NOT NULL,
    project_id  TEXT NOT NULL,
    name        TEXT NOT NULL,
    description TEXT NOT NULL,
    config      TEXT NOT NULL, -- JSON object
    created_at  DATETIME NOT NULL,
    updated_at  DATETIME NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (project_id, name)
);

CREATE TABLE functions (
    id              TEXT NOT NULL,
    project_id      TEXT NOT NULL, -- that of the app
    app_id          TEXT NOT NULL,
    name            TEXT NOT NULL,
    description     TEXT NOT NULL,
    image           TEXT NOT NULL,
    image_digest    TEXT NOT NULL,
    contract        TEXT NOT NULL,
    entrypoint      TEXT NOT NULL, -- JSON array
    command         TEXT NOT NULL, -- JSON array
    config          TEXT NOT NULL, -- JSON object
    public          BOOLEAN NOT NULL,
    memory_mb       INTEGER NOT NULL,
    cpus            REAL NOT NULL,
    tmp_mb          INTEGER NOT NULL,
    timeout_s       INTEGER NOT NULL,
    queue_timeout_s INTEGER NOT NULL,
    idle_timeout_s  INTEGER NOT NULL,
    concurrency     INTEGER NOT NULL,
    min_sandboxes   INTEGER NOT NULL,
    max_sandboxes   INTEGER NOT NULL,
    network         TEXT NOT NULL,
    health_path     TEXT NOT NULL,
    revision        INTEGER NOT NULL,
    created_at      DATETIME NOT NULL,
    updated_at      DATETIME NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (app_id, name),
    FOREIGN KEY (app_id) REFERENCES apps (id)
);
CREATE INDEX functions_project ON functions (project_id, created_at);

-- Thousands of rows a second: no foreign keys, and each index is a way people list them.
-- A record outlives its function.
CREATE TABLE executions (
    id            TEXT NOT NULL,
    project_id    TEXT NOT NULL,
    function_id   TEXT NOT NULL,
    function_name TEXT NOT NULL,
    app_name      TEXT NOT NULL,
    revision      INTEGER NOT NULL,
    status        TEXT NOT NULL,
    reason        TEXT NOT NULL,
    created_at    DATETIME NOT NULL,
    started_at    DATETIME NULL,
    finished_at   DATETIME NULL,
    wait_ms       REAL NOT NULL,
    cold_start_ms REAL NOT NULL,
    run_ms        REAL NOT NULL,
    exit_code     INTEGER NULL,
    http_status   INTEGER NOT NULL,
    host          TEXT NOT NULL,
    request_id    TEXT NOT NULL,
    input_bytes   INTEGER NOT NULL,
    output_bytes  INTEGER NOT NULL,
    PRIMARY KEY (id)
) WITHOUT ROWID;
CREATE INDEX executions_project ON executions (project_id, created_at);
CREATE INDEX executions_function ON executions (function_id, created_at);
CREATE INDEX executions_created ON executions (created_at);

-- A row only where the function wrote something.
CREATE TABLE execution_logs (
    execution_id TEXT NOT NULL,
    log          BLOB NOT NULL,
    PRIMARY KEY (execution_id)
);

-- +goose Down
DROP TABLE execution_logs;
DROP TABLE executions;
DROP TABLE functions;
DROP TABLE apps;
