-- +goose Up
CREATE TABLE IF NOT EXISTS `spread_word` (
    `token` CHAR(26) NOT NULL,
    `kind` VARCHAR(16) NOT NULL,
    `about` VARCHAR(64) NOT NULL,
    `topic` VARCHAR(64) NOT NULL,
    `channel` VARCHAR(32) NOT NULL,
    `origin` CHAR(26) NOT NULL,
    `state` VARCHAR(32) NOT NULL,
    `time` BIGINT NOT NULL,
    `clause` VARCHAR(64) NOT NULL,
    `since_run` VARCHAR(64) NOT NULL,
    PRIMARY KEY (`token`, `kind`, `about`, `topic`, `channel`, `origin`)
);
