-- +goose Up
CREATE TABLE IF NOT EXISTS `quarantine` (
    `run` VARCHAR(64) NOT NULL,
    `feed` VARCHAR(64) NOT NULL,
    `line` BIGINT NOT NULL,
    `field` VARCHAR(128) NOT NULL,
    `code` VARCHAR(64) NOT NULL,
    `reason` VARCHAR(255) NOT NULL,
    `stage` VARCHAR(64) NOT NULL,
    `ref` VARCHAR(128) NOT NULL,
    PRIMARY KEY (`run`, `feed`, `line`, `field`, `code`)
);
