-- +goose Up
CREATE TABLE IF NOT EXISTS `reveal` (
    `number` BIGINT NOT NULL PRIMARY KEY,
    `state` VARCHAR(16) NOT NULL,
    `domain` VARCHAR(160) NOT NULL,
    `pseudonyms` MEDIUMTEXT NOT NULL,
    `reason` VARCHAR(32) NOT NULL,
    `clause` VARCHAR(64) NOT NULL,
    `requested_by` VARCHAR(64) NOT NULL,
    `requested_at` BIGINT NOT NULL,
    `expires_at` BIGINT NOT NULL,
    `approved_by` VARCHAR(64) NOT NULL,
    `approved_at` BIGINT NOT NULL,
    `shown_at` BIGINT NOT NULL
);
