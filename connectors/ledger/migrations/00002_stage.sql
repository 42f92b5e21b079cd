-- +goose Up
CREATE TABLE IF NOT EXISTS `stage` (
    `run` VARCHAR(64) NOT NULL,
    `name` VARCHAR(64) NOT NULL,
    `state` VARCHAR(16) NOT NULL,
    `started_at` BIGINT NOT NULL,
    `finished_at` BIGINT NOT NULL,
    `facts` MEDIUMTEXT NOT NULL,
    PRIMARY KEY (`run`, `name`)
);
