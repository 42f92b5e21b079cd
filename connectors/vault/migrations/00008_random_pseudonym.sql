-- +goose Up
CREATE TABLE IF NOT EXISTS `random_pseudonym` (
    `domain` VARCHAR(160) NOT NULL,
    `epoch` BIGINT NOT NULL,
    `person` CHAR(26) NOT NULL,
    `token` CHAR(26) NOT NULL,
    PRIMARY KEY (`domain`, `epoch`, `person`),
    UNIQUE (`domain`, `token`)
);
