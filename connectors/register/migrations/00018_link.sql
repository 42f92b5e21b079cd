-- +goose Up
CREATE TABLE IF NOT EXISTS `link` (
    `record` CHAR(26) NOT NULL,
    `person` CHAR(26) NOT NULL,
    `since_run` VARCHAR(64) NOT NULL,
    PRIMARY KEY (`record`, `person`)
);
