-- +goose Up
CREATE TABLE IF NOT EXISTS `rectification` (
    `id` VARCHAR(16) NOT NULL PRIMARY KEY,
    `person` VARCHAR(26) NOT NULL,
    `table_name` VARCHAR(64) NOT NULL,
    `column_name` VARCHAR(64) NOT NULL,
    `source` VARCHAR(64) NOT NULL,
    `wanted` VARCHAR(64) NOT NULL,
    `learnt_from` VARCHAR(16) NOT NULL,
    `noted_by` VARCHAR(64) NOT NULL,
    `noted_at` BIGINT NOT NULL,
    `request` VARCHAR(16) NOT NULL
);
