-- +goose Up
CREATE TABLE IF NOT EXISTS `anonymous_count` (
    `source` VARCHAR(64) NOT NULL,
    `category` VARCHAR(64) NOT NULL,
    `kind` VARCHAR(32) NOT NULL,
    `name` VARCHAR(160) NOT NULL,
    `year` BIGINT NOT NULL,
    `what` VARCHAR(32) NOT NULL,
    `people` BIGINT NOT NULL,
    PRIMARY KEY (`source`, `category`, `kind`, `name`, `year`, `what`)
);
