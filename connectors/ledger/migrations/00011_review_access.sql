-- +goose Up
CREATE TABLE IF NOT EXISTS `review_access` (
    `number` BIGINT NOT NULL PRIMARY KEY,
    `seen_by` VARCHAR(64) NOT NULL,
    `seen_at` BIGINT NOT NULL,
    `record_a` VARCHAR(26) NOT NULL,
    `record_b` VARCHAR(26) NOT NULL,
    `reason` VARCHAR(32) NOT NULL
);
