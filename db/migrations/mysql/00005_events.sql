-- What events need: triggers of every type, trusts, and who acted with them.
-- Of executions there may be millions: they get columns at their end that may be NULL, which is done at once and copies nothing.
-- A release before this one goes on inserting rows without any of it.

-- +goose Up
ALTER TABLE functions
    ADD COLUMN delegate_roles TEXT         NOT NULL DEFAULT ('[]') COMMENT 'JSON array',
    ADD COLUMN trust_id       VARCHAR(64)  NULL,
    ADD COLUMN trust_user     VARCHAR(64)  NULL COMMENT 'the trustor';

ALTER TABLE triggers
    ADD COLUMN delegate_roles TEXT         NOT NULL DEFAULT ('[]') COMMENT 'JSON array',
    ADD COLUMN trust_id       VARCHAR(64)  NULL,
    ADD COLUMN trust_user     VARCHAR(64)  NULL COMMENT 'the trustor',
    ADD COLUMN secret         VARCHAR(1024) NOT NULL DEFAULT '' COMMENT 'of a webhook',
    ADD COLUMN error          VARCHAR(1024) NOT NULL DEFAULT '';

ALTER TABLE executions
    ADD COLUMN subject        VARCHAR(1024) NULL COMMENT 'of the event',
    ADD COLUMN acting_as      VARCHAR(64)  NULL COMMENT 'the trustor, of one that was claimed with credentials';

-- A row for each time that an execution ran with credentials, once that has ended. What runs is in executions_open.
CREATE TABLE acted (
    project_id   VARCHAR(64) NOT NULL,
    user_id      VARCHAR(64) NOT NULL COMMENT 'the trustor',
    ended_at     DATETIME(6) NOT NULL,
    execution_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    started_at   DATETIME(6) NOT NULL,
    PRIMARY KEY (project_id, user_id, ended_at, execution_id),
    KEY acted_execution (execution_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Trusts that nothing uses any more, until they are revoked.
CREATE TABLE dropped_trusts (
    id         VARCHAR(64) NOT NULL,
    dropped_at DATETIME(6) NOT NULL,
    PRIMARY KEY (id),
    KEY dropped_trusts_time (dropped_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Counted up by each transaction that changes what it is about, so that others see that something has changed.
CREATE TABLE versions (
    name    VARCHAR(64) NOT NULL,
    version BIGINT      NOT NULL,
    PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
INSERT INTO versions (name, version) VALUES ('triggers', 1);

-- Trusts stay in Keystone, and triggers that the release before does not know go.
-- +goose Down
DROP TABLE versions;
DROP TABLE dropped_trusts;
DROP TABLE acted;
ALTER TABLE executions
    DROP COLUMN subject,
    DROP COLUMN acting_as;
DELETE FROM triggers WHERE type <> 'schedule';
ALTER TABLE triggers
    DROP COLUMN delegate_roles,
    DROP COLUMN trust_id,
    DROP COLUMN trust_user,
    DROP COLUMN secret,
    DROP COLUMN error;
ALTER TABLE functions
    DROP COLUMN delegate_roles,
    DROP COLUMN trust_id,
    DROP COLUMN trust_user;
