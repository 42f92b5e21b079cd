-- +goose Up
CREATE TABLE IF NOT EXISTS `watermark` (
    `pipeline` VARCHAR(64) NOT NULL,
    `feed` VARCHAR(64) NOT NULL,
    `logical_date` CHAR(10) NOT NULL,
    `snapshot` VARCHAR(128) NOT NULL,
    PRIMARY KEY (`pipeline`, `feed`)
);
