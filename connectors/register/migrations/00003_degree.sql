-- +goose Up
CREATE TABLE IF NOT EXISTS `degree` (
    `source` VARCHAR(64) NOT NULL,
    `source_key` CHAR(26) NOT NULL,
    `seq` BIGINT NOT NULL,
    `record` CHAR(26) NOT NULL,
    `category` VARCHAR(64) NOT NULL,
    `legal_basis` VARCHAR(64) NOT NULL,
    `first_seen_run` VARCHAR(64) NOT NULL,
    `last_seen_run` VARCHAR(64),
    `key` CHAR(26),
    `right_key` CHAR(26),
    `date` CHAR(10),
    `code` MEDIUMTEXT,
    `title` MEDIUMTEXT,
    `ects` VARCHAR(40),
    `grade` MEDIUMTEXT,
    `scale` MEDIUMTEXT,
    `institution_code` MEDIUMTEXT,
    `subject` MEDIUMTEXT,
    PRIMARY KEY (`source_key`, `seq`)
);
