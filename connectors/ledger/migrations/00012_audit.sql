-- +goose Up
CREATE TABLE IF NOT EXISTS `audit` (
    `number` BIGINT NOT NULL PRIMARY KEY,
    `at` BIGINT NOT NULL,
    `actor` VARCHAR(128) NOT NULL,
    `verb` VARCHAR(32) NOT NULL,
    `subject` VARCHAR(26) NOT NULL,
    `reason` VARCHAR(128) NOT NULL,
    `run` VARCHAR(64) NOT NULL,
    `chain` CHAR(64) NOT NULL
);
