-- What invokes functions with no caller: schedules. They go with their function.

-- +goose Up
CREATE TABLE triggers (
    id             TEXT NOT NULL,
    project_id     TEXT NOT NULL, -- that of the function
    function_id    TEXT NOT NULL,
    name           TEXT NOT NULL,
    type           TEXT NOT NULL,
    enabled        BOOLEAN NOT NULL,
    input_template TEXT NOT NULL,
    spec           TEXT NOT NULL, -- JSON object, of the type
    next_at        DATETIME NULL, -- of a schedule that is enabled and has not ended
    last_at        DATETIME NULL,
    runs           INTEGER NOT NULL,
    created_at     DATETIME NOT NULL,
    updated_at     DATETIME NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (project_id, name),
    CHECK (enabled OR next_at IS NULL),
    FOREIGN KEY (function_id) REFERENCES functions (id) ON DELETE CASCADE
);
CREATE INDEX triggers_function ON triggers (function_id, created_at);
CREATE INDEX triggers_project ON triggers (project_id, created_at);
CREATE INDEX triggers_due ON triggers (next_at);

-- +goose Down
DROP TABLE triggers;
