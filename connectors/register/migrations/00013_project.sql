-- +goose Up
CREATE TABLE IF NOT EXISTS `project` (
    `source` VARCHAR(64) NOT NULL,
    `source_key` CHAR(26) NOT NULL,
    `seq` BIGINT NOT NULL,
    `record` CHAR(26) NOT NULL,
    `category` VARCHAR(64) NOT NULL,
    `legal_basis` VARCHAR(64) NOT NULL,
    `first_seen_run` VARCHAR(64) NOT NULL,
    `last_seen_run` VARCHAR(64),
    `key` CHAR(26),
    `name` MEDIUMTEXT,
    `role` MEDIUMTEXT,
    `task` MEDIUMTEXT,
    `state` MEDIUMTEXT,
    `start` CHAR(10),
    `end` CHAR(10),
    PRIMARY KEY (`source_key`, `seq`)
);
