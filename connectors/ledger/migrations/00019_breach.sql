-- +goose Up
CREATE TABLE IF NOT EXISTS `breach` (
    `id` VARCHAR(16) NOT NULL PRIMARY KEY,
    `kind` VARCHAR(16) NOT NULL,
    `place` VARCHAR(64) NOT NULL,
    `risk` VARCHAR(8) NOT NULL,
    `people` BIGINT NOT NULL,
    `known_at` BIGINT NOT NULL,
    `noted_by` VARCHAR(64) NOT NULL,
    `noted_at` BIGINT NOT NULL
);
