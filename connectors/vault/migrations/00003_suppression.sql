-- +goose Up
CREATE TABLE IF NOT EXISTS `suppression` (
    `token` CHAR(26) NOT NULL PRIMARY KEY,
    `kind` VARCHAR(32) NOT NULL,
    `since_run` VARCHAR(64) NOT NULL,
    `clause` VARCHAR(64) NOT NULL
);
