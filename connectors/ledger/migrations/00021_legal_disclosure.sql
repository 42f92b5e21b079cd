-- +goose Up
CREATE TABLE IF NOT EXISTS `legal_disclosure` (
    `id` VARCHAR(16) NOT NULL PRIMARY KEY,
    `person` VARCHAR(26) NOT NULL,
    `recipient` VARCHAR(64) NOT NULL,
    `categories` VARCHAR(255) NOT NULL,
    `ground` VARCHAR(64) NOT NULL,
    `case_ref` VARCHAR(64) NOT NULL,
    `approved_by` VARCHAR(64) NOT NULL,
    `disclosed_at` BIGINT NOT NULL,
    `noted_by` VARCHAR(64) NOT NULL,
    `noted_at` BIGINT NOT NULL
);
