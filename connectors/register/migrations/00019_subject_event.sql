-- +goose Up
CREATE TABLE IF NOT EXISTS `subject_event` (
    `run` VARCHAR(64) NOT NULL,
    `seq` BIGINT NOT NULL,
    `kind` VARCHAR(16) NOT NULL,
    `person` CHAR(26) NOT NULL,
    `other` CHAR(26),
    `record` CHAR(26),
    `rule` VARCHAR(64) NOT NULL,
    PRIMARY KEY (`run`, `seq`)
);
