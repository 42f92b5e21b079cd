-- +goose Up
CREATE TABLE IF NOT EXISTS `run` (
    `id` VARCHAR(64) NOT NULL PRIMARY KEY,
    `pipeline` VARCHAR(64) NOT NULL,
    `logical_date` CHAR(10) NOT NULL,
    `attempt` BIGINT NOT NULL,
    `state` VARCHAR(16) NOT NULL,
    `mode` VARCHAR(16) NOT NULL,
    `started_at` BIGINT NOT NULL,
    `finished_at` BIGINT NOT NULL,
    `software` VARCHAR(64) NOT NULL,
    `config_digest` VARCHAR(128) NOT NULL,
    `policy_digest` VARCHAR(128) NOT NULL,
    `facts` MEDIUMTEXT NOT NULL
);
