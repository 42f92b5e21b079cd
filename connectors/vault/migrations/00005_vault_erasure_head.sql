-- +goose Up
CREATE TABLE IF NOT EXISTS `vault_erasure_head` (
    `id` BIGINT NOT NULL PRIMARY KEY,
    `number` BIGINT NOT NULL,
    `chain` VARCHAR(64) NOT NULL
);
