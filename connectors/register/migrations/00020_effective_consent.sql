-- +goose Up
CREATE TABLE IF NOT EXISTS `effective_consent` (
    `person` CHAR(26) NOT NULL,
    `purpose` VARCHAR(64) NOT NULL,
    `channel` VARCHAR(64) NOT NULL,
    `state` VARCHAR(32) NOT NULL,
    `since` VARCHAR(32) NOT NULL,
    `clause` VARCHAR(64) NOT NULL,
    PRIMARY KEY (`person`, `purpose`, `channel`)
);
