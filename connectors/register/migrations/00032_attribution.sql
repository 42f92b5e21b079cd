-- +goose Up
CREATE TABLE IF NOT EXISTS `attribution` (
    `source` VARCHAR(64) NOT NULL,
    `source_key` CHAR(26) NOT NULL,
    `seq` BIGINT NOT NULL,
    `record` CHAR(26) NOT NULL,
    `category` VARCHAR(64) NOT NULL,
    `legal_basis` VARCHAR(64) NOT NULL,
    `first_seen_run` VARCHAR(64) NOT NULL,
    `last_seen_run` VARCHAR(64),
    `provider` MEDIUMTEXT,
    `licence` MEDIUMTEXT,
    `licence_until` CHAR(10),
    `author` CHAR(26),
    `changed_at` BIGINT,
    PRIMARY KEY (`source_key`, `seq`)
);
