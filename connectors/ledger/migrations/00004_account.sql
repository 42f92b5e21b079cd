-- +goose Up
CREATE TABLE IF NOT EXISTS `account` (
    `run` VARCHAR(64) NOT NULL,
    `feed` VARCHAR(64) NOT NULL,
    `rows_read` BIGINT NOT NULL,
    `loaded` BIGINT NOT NULL,
    `unchanged` BIGINT NOT NULL,
    `merged` BIGINT NOT NULL,
    `quarantined` BIGINT NOT NULL,
    `withheld` BIGINT NOT NULL,
    PRIMARY KEY (`run`, `feed`)
);
