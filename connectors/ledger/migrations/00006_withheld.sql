-- +goose Up
CREATE TABLE IF NOT EXISTS `withheld` (
    `run` VARCHAR(64) NOT NULL,
    `feed` VARCHAR(64) NOT NULL,
    `source_key` CHAR(26) NOT NULL,
    `clause` VARCHAR(64) NOT NULL,
    PRIMARY KEY (`run`, `feed`, `source_key`)
);
