-- +goose Up
CREATE TABLE IF NOT EXISTS `breach_notice` (
    `breach` VARCHAR(16) NOT NULL,
    `told` VARCHAR(16) NOT NULL,
    `told_at` BIGINT NOT NULL,
    `noted_by` VARCHAR(64) NOT NULL,
    `noted_at` BIGINT NOT NULL,
    PRIMARY KEY (`breach`, `told`, `told_at`)
);
