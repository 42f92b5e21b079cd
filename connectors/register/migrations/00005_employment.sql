-- +goose Up
CREATE TABLE IF NOT EXISTS `employment` (
    `source` VARCHAR(64) NOT NULL,
    `source_key` CHAR(26) NOT NULL,
    `seq` BIGINT NOT NULL,
    `record` CHAR(26) NOT NULL,
    `category` VARCHAR(64) NOT NULL,
    `legal_basis` VARCHAR(64) NOT NULL,
    `first_seen_run` VARCHAR(64) NOT NULL,
    `last_seen_run` VARCHAR(64),
    `employer` MEDIUMTEXT,
    `employer_id` MEDIUMTEXT,
    `title` MEDIUMTEXT,
    `unit_code` MEDIUMTEXT,
    `unit` MEDIUMTEXT,
    `start` CHAR(10),
    `end` CHAR(10),
    `status` MEDIUMTEXT,
    PRIMARY KEY (`source_key`, `seq`)
);
