-- +goose Up
CREATE TABLE IF NOT EXISTS `enrolment` (
    `source` VARCHAR(64) NOT NULL,
    `source_key` CHAR(26) NOT NULL,
    `seq` BIGINT NOT NULL,
    `record` CHAR(26) NOT NULL,
    `category` VARCHAR(64) NOT NULL,
    `legal_basis` VARCHAR(64) NOT NULL,
    `first_seen_run` VARCHAR(64) NOT NULL,
    `last_seen_run` VARCHAR(64),
    `term_start` CHAR(10),
    `term_end` CHAR(10),
    `state` MEDIUMTEXT,
    `right_key` CHAR(26),
    `date` CHAR(10),
    `institution_code` MEDIUMTEXT,
    PRIMARY KEY (`source_key`, `seq`)
);
