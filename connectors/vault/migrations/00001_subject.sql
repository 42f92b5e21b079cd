-- +goose Up
CREATE TABLE IF NOT EXISTS `subject` (
    `subject` CHAR(26) NOT NULL PRIMARY KEY,
    `wrapped_key` BLOB NOT NULL,
    `epoch` BIGINT NOT NULL,
    `seals` BIGINT NOT NULL,
    `created_run` VARCHAR(64) NOT NULL,
    `destroyed_run` VARCHAR(64)
);
