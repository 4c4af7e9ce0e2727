-- What invokes functions with no caller: schedules. They go with their function.

-- +goose Up
CREATE TABLE triggers (
    id             CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    project_id     VARCHAR(64)  NOT NULL COMMENT 'that of the function',
    function_id    CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    name           VARCHAR(255) NOT NULL,
    type           VARCHAR(16)  NOT NULL,
    enabled        BOOLEAN      NOT NULL,
    input_template MEDIUMTEXT   NOT NULL,
    spec           MEDIUMTEXT   NOT NULL COMMENT 'JSON object, of the type',
    next_at        DATETIME(6)  NULL COMMENT 'of a schedule that is enabled and has not ended',
    last_at        DATETIME(6)  NULL,
    runs           INT          NOT NULL,
    created_at     DATETIME(6)  NOT NULL,
    updated_at     DATETIME(6)  NOT NULL,
    PRIMARY KEY (id),
    UNIQUE KEY triggers_name (project_id, name),
    KEY triggers_function (function_id, created_at),
    KEY triggers_project (project_id, created_at),
    KEY triggers_due (next_at),
    CONSTRAINT triggers_paused CHECK (enabled OR next_at IS NULL),
    CONSTRAINT triggers_of_function FOREIGN KEY (function_id) REFERENCES functions (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- +goose Down
DROP TABLE triggers;
