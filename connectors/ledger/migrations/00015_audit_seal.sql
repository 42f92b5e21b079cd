-- +goose Up
CREATE TABLE IF NOT EXISTS `audit_seal` (
    `number` BIGINT NOT NULL PRIMARY KEY,
    `chain` CHAR(64) NOT NULL,
    `run` VARCHAR(64) NOT NULL,
    `sealed_at` BIGINT NOT NULL,
    `key_id` VARCHAR(64) NOT NULL,
    `signature` TEXT NOT NULL
);
