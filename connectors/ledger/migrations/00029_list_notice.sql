-- +goose Up
CREATE TABLE IF NOT EXISTS `list_notice` (
    `pipeline` VARCHAR(64) NOT NULL,
    `feed` VARCHAR(64) NOT NULL,
    `logical_date` CHAR(10) NOT NULL,
    `says` VARCHAR(16) NOT NULL,
    `obtained_on` CHAR(10) NOT NULL,
    PRIMARY KEY (`pipeline`, `feed`, `logical_date`)
);
