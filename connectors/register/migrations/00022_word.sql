-- +goose Up
CREATE TABLE IF NOT EXISTS `word` (
    `run` VARCHAR(64) NOT NULL,
    `id` CHAR(26) NOT NULL,
    `record` CHAR(26) NOT NULL,
    `seq` BIGINT NOT NULL,
    `kind` VARCHAR(16) NOT NULL,
    `about` VARCHAR(64) NOT NULL,
    `topic` VARCHAR(64) NOT NULL,
    `channel` VARCHAR(64) NOT NULL,
    `state` VARCHAR(32) NOT NULL,
    `said_at` BIGINT NOT NULL,
    `until` VARCHAR(10) NOT NULL,
    `via` VARCHAR(16) NOT NULL,
    `text_version` VARCHAR(64) NOT NULL,
    `text_digest` VARCHAR(64) NOT NULL,
    `source` VARCHAR(64) NOT NULL,
    `noted_at` BIGINT NOT NULL,
    `noted_by` VARCHAR(64) NOT NULL,
    `request` VARCHAR(36) NOT NULL,
    PRIMARY KEY (`run`, `id`, `record`, `seq`)
);
