-- +goose Up
CREATE TABLE IF NOT EXISTS `retention_due` (
    `person` CHAR(26) NOT NULL,
    `source` VARCHAR(64) NOT NULL,
    `source_key` CHAR(26) NOT NULL,
    `category` VARCHAR(64) NOT NULL,
    `due` CHAR(10) NOT NULL,
    `action` VARCHAR(32) NOT NULL,
    `clause` VARCHAR(64) NOT NULL,
    PRIMARY KEY (`person`, `source_key`, `category`, `action`)
);
