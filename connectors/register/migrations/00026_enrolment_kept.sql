-- SQLite and MySQL cannot add a column only where there is none, so the table is made anew: steps 26 to 31.
-- +goose Up
CREATE TABLE IF NOT EXISTS `enrolment_kept` (
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
    PRIMARY KEY (`source_key`, `seq`)
);
