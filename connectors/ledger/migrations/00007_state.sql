-- +goose Up
CREATE TABLE IF NOT EXISTS `state` (
    `pipeline` VARCHAR(64) NOT NULL,
    `name` VARCHAR(64) NOT NULL,
    `digest` VARCHAR(128) NOT NULL,
    `run` VARCHAR(64) NOT NULL,
    PRIMARY KEY (`pipeline`, `name`)
);
