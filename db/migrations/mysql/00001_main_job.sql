-- Apps, functions and the records of executions.
-- Text is compared byte by byte (utf8mb4_bin). Ids are lower-case UUIDs.

-- +goose Up
CREATE TABLE apps (
    id          CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    project_id  VARCHAR(64)   NOT NULL,
    name        VARCHAR(255)  NOT NULL,
    description VARCHAR(1024) NOT NULL,
    config      MEDIUMTEXT    NOT NULL COMMENT 'JSON object',
    created_at  DATETIME(6)   NOT NULL,
    updated_at  DATETIME(6)   NOT NULL,
    PRIMARY KEY (id),
    UNIQUE KEY apps_name (project_id, name)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE functions (
    id              CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    project_id      VARCHAR(64)   NOT NULL COMMENT 'that of the app',
    app_id          CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    name            VARCHAR(255)  NOT NULL,
    description     VARCHAR(1024) NOT NULL,
    image           VARCHAR(1024) NOT NULL,
    image_digest    VARCHAR(1024) NOT NULL,
    contract        VARCHAR(16)   NOT NULL,
    entrypoint      MEDIUMTEXT    NOT NULL COMMENT 'JSON array',
    command         MEDIUMTEXT    NOT NULL COMMENT 'JSON array',
    config          MEDIUMTEXT    NOT NULL COMMENT 'JSON object',
    public          BOOLEAN       NOT NULL,
    memory_mb       INT           NOT NULL,
    cpus            DOUBLE        NOT NULL,
    tmp_mb          INT           NOT NULL,
    timeout_s       INT           NOT NULL,
    queue_timeout_s INT           NOT NULL,
    idle_timeout_s  INT           NOT NULL,
    concurrency     INT           NOT NULL,
    min_sandboxes   INT           NOT NULL,
    max_sandboxes   INT           NOT NULL,
    network         VARCHAR(16)   NOT NULL,
    health_path     VARCHAR(1024) NOT NULL,
    revision        BIGINT        NOT NULL,
    created_at      DATETIME(6)   NOT NULL,
    updated_at      DATETIME(6)   NOT NULL,
    PRIMARY KEY (id),
    UNIQUE KEY functions_name (app_id, name),
    KEY functions_project (project_id, created_at),
    CONSTRAINT functions_app FOREIGN KEY (app_id) REFERENCES apps (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Thousands of rows a second: no foreign keys, and each index is a way people list them.
-- A record outlives its function.
CREATE TABLE executions (
    id            CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    project_id    VARCHAR(64)  NOT NULL,
    function_id   CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    function_name VARCHAR(255) NOT NULL,
    app_name      VARCHAR(255) NOT NULL,
    revision      BIGINT       NOT NULL,
    status        VARCHAR(16)  NOT NULL,
    reason        TEXT         NOT NULL,
    created_at    DATETIME(6)  NOT NULL,
    started_at    DATETIME(6)  NULL,
    finished_at   DATETIME(6)  NULL,
    wait_ms       DOUBLE       NOT NULL,
    cold_start_ms DOUBLE       NOT NULL,
    run_ms        DOUBLE       NOT NULL,
    exit_code     INT          NULL,
    http_status   INT          NOT NULL,
    host          VARCHAR(255) NOT NULL,
    request_id    VARCHAR(64)  NOT NULL,
    input_bytes   BIGINT       NOT NULL,
    output_bytes  BIGINT       NOT NULL,
    PRIMARY KEY (id),
    KEY executions_project (project_id, created_at),
    KEY executions_function (function_id, created_at),
    KEY executions_created (created_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- A row only where the function wrote something.
CREATE TABLE execution_logs (
    execution_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    log          MEDIUMBLOB NOT NULL,
    PRIMARY KEY (execution_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- +goose Down
DROP TABLE execution_logs;
DROP TABLE executions;
DROP TABLE functions;
DROP TABLE apps;
