-- +goose Up
CREATE TABLE IF NOT EXISTS `subject_request` (
    `id` VARCHAR(16) NOT NULL PRIMARY KEY,
    `kind` VARCHAR(16) NOT NULL,
    `person` VARCHAR(26) NOT NULL,
    `scope` VARCHAR(64) NOT NULL,
    `office` VARCHAR(64) NOT NULL,
    `received` CHAR(10) NOT NULL,
    `due` CHAR(10) NOT NULL,
    `clause` VARCHAR(64) NOT NULL,
    `authority` VARCHAR(128) NOT NULL,
    `proof` VARCHAR(32) NOT NULL,
    `proved_by` VARCHAR(64) NOT NULL,
    `opened_by` VARCHAR(64) NOT NULL,
    `opened_at` BIGINT NOT NULL,
    `extended_for` VARCHAR(32) NOT NULL,
    `outcome` VARCHAR(16) NOT NULL,
    `ground` VARCHAR(64) NOT NULL,
    `closed_by` VARCHAR(64) NOT NULL,
    `closed_at` BIGINT NOT NULL
);
