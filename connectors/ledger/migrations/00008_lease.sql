-- +goose Up
CREATE TABLE IF NOT EXISTS `lease` (
    `name` VARCHAR(64) NOT NULL PRIMARY KEY,
    `holder` VARCHAR(128) NOT NULL,
    `fence` BIGINT NOT NULL,
    `heartbeat_at` BIGINT NOT NULL,
    `expires_at` BIGINT NOT NULL
);
