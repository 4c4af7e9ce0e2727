-- What events need: triggers of every type, trusts, and who acted with them.
-- A release before this one goes on inserting rows without any of it.

-- +goose Up
ALTER TABLE functions ADD COLUMN delegate_roles TEXT NOT NULL DEFAULT '[]'; -- JSON array
ALTER TABLE functions ADD COLUMN trust_id TEXT NULL;
ALTER TABLE functions ADD COLUMN trust_user TEXT NULL; -- the trustor

ALTER TABLE triggers ADD COLUMN delegate_roles TEXT NOT NULL DEFAULT '[]'; -- JSON array
ALTER TABLE triggers ADD COLUMN trust_id TEXT NULL;
ALTER TABLE triggers ADD COLUMN trust_user TEXT NULL; -- the trustor
ALTER TABLE triggers ADD COLUMN secret TEXT NOT NULL DEFAULT ''; -- of a webhook
ALTER TABLE triggers ADD COLUMN error TEXT NOT NULL DEFAULT '';

ALTER TABLE executions ADD COLUMN subject TEXT NULL; -- of the event
ALTER TABLE executions ADD COLUMN acting_as TEXT NULL; -- the trustor, of one that was claimed with credentials

-- A row for each time that an execution ran with credentials, once that has ended. What runs is in executions_open.
CREATE TABLE acted (
    project_id   TEXT NOT NULL,
    user_id      TEXT NOT NULL, -- the trustor
    ended_at     DATETIME NOT NULL,
    execution_id TEXT NOT NULL,
    started_at   DATETIME NOT NULL,
    PRIMARY KEY (project_id, user_id, ended_at, execution_id)
) WITHOUT ROWID;
CREATE INDEX acted_execution ON acted (execution_id);

-- Trusts that nothing uses any more, until they are revoked.
CREATE TABLE dropped_trusts (
    id         TEXT NOT NULL,
    dropped_at DATETIME NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX dropped_trusts_time ON dropped_trusts (dropped_at);

-- Counted up by each transaction that changes what it is about, so that others see that something has changed.
CREATE TABLE versions (
    name    TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (name)
);
INSERT INTO versions (name, version) VALUES ('triggers', 1);

-- Trusts stay in Keystone, and triggers that the release before does not know go.
-- +goose Down
DROP TABLE versions;
DROP TABLE dropped_trusts;
DROP TABLE acted;
ALTER TABLE executions DROP COLUMN subject;
ALTER TABLE executions DROP COLUMN acting_as;
DELETE FROM triggers WHERE type <> 'schedule';
ALTER TABLE triggers DROP COLUMN delegate_roles;
ALTER TABLE triggers DROP COLUMN trust_id;
ALTER TABLE triggers DROP COLUMN trust_user;
ALTER TABLE triggers DROP COLUMN secret;
ALTER TABLE triggers DROP COLUMN error;
ALTER TABLE functions DROP COLUMN delegate_roles;
ALTER TABLE functions DROP COLUMN trust_id;
ALTER TABLE functions DROP COLUMN trust_user;
