-- +goose Up
CREATE TABLE IF NOT EXISTS `vault_token_epoch` (
    `name` VARCHAR(32) NOT NULL PRIMARY KEY,
    `epoch` BIGINT NOT NULL
);
