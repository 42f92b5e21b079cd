-- +goose Up
CREATE TABLE IF NOT EXISTS `review_decision` (
    `number` BIGINT NOT NULL PRIMARY KEY,
    `record_a` CHAR(26) NOT NULL,
    `record_b` CHAR(26) NOT NULL,
    `decision` VARCHAR(16) NOT NULL,
    `decided_by` VARCHAR(64) NOT NULL,
    `decided_at` BIGINT NOT NULL,
    `reason` VARCHAR(32) NOT NULL,
    `run` VARCHAR(64) NOT NULL
);
