-- +goose Up
CREATE TABLE IF NOT EXISTS `lapse` (
    `source_key` CHAR(26) NOT NULL,
    `category` VARCHAR(64) NOT NULL,
    `source` VARCHAR(64) NOT NULL,
    `person` CHAR(26) NOT NULL,
    `action` VARCHAR(32) NOT NULL,
    `clause` VARCHAR(64) NOT NULL,
    `anchor` VARCHAR(32) NOT NULL,
    `day` CHAR(10) NOT NULL,
    `since_run` VARCHAR(64) NOT NULL,
    PRIMARY KEY (`source_key`, `category`)
);
