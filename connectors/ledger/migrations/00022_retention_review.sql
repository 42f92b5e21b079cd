-- +goose Up
CREATE TABLE IF NOT EXISTS `retention_review` (
    `number` BIGINT NOT NULL PRIMARY KEY,
    `reviewed_on` CHAR(10) NOT NULL,
    `reviewed_by` VARCHAR(64) NOT NULL,
    `category` VARCHAR(64) NOT NULL,
    `source` VARCHAR(64) NOT NULL,
    `clause` VARCHAR(64) NOT NULL,
    `records` BIGINT NOT NULL,
    `made_at` BIGINT NOT NULL
);
