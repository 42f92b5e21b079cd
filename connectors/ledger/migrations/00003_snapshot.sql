-- +goose Up
CREATE TABLE IF NOT EXISTS `snapshot` (
    `digest` VARCHAR(128) NOT NULL,
    `feed` VARCHAR(64) NOT NULL,
    `logical_date` CHAR(10) NOT NULL,
    `run` VARCHAR(64) NOT NULL,
    `rows` BIGINT NOT NULL,
    `bytes` BIGINT NOT NULL,
    `source_digest` VARCHAR(128) NOT NULL,
    `layout_digest` VARCHAR(128) NOT NULL,
    `state` VARCHAR(16) NOT NULL,
    PRIMARY KEY (`feed`, `logical_date`, `digest`)
);
