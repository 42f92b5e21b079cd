-- +goose Up
CREATE TABLE IF NOT EXISTS `token_epoch` (
    `name` VARCHAR(32) NOT NULL PRIMARY KEY,
    `epoch` BIGINT NOT NULL
);
