-- +goose Up
CREATE TABLE IF NOT EXISTS `kept_word` (
    `person` CHAR(26) NOT NULL,
    `kind` VARCHAR(16) NOT NULL,
    `about` VARCHAR(64) NOT NULL,
    `topic` VARCHAR(64) NOT NULL,
    `channel` VARCHAR(32) NOT NULL,
    `state` VARCHAR(32) NOT NULL,
    `time` BIGINT NOT NULL,
    `clause` VARCHAR(64) NOT NULL,
    PRIMARY KEY (`person`, `kind`, `about`, `topic`, `channel`)
);
