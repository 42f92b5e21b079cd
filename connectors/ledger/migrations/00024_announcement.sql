-- +goose Up
CREATE TABLE IF NOT EXISTS `announcement` (
    `pack` VARCHAR(64) NOT NULL,
    `digest` VARCHAR(80) NOT NULL,
    `audience` VARCHAR(40) NOT NULL,
    `version` VARCHAR(64) NOT NULL,
    `channels` VARCHAR(200) NOT NULL,
    `since` VARCHAR(10) NOT NULL,
    `run` VARCHAR(64) NOT NULL,
    `channel` VARCHAR(40) NOT NULL,
    `announced_at` BIGINT NOT NULL,
    `announced_by` VARCHAR(120) NOT NULL,
    PRIMARY KEY (`pack`, `digest`, `audience`)
);
