-- +goose Up
CREATE TABLE IF NOT EXISTS `identity` (
    `source_key` CHAR(26) NOT NULL PRIMARY KEY,
    `record` CHAR(26) NOT NULL,
    `subject` CHAR(26) NOT NULL,
    `source` VARCHAR(64) NOT NULL,
    `names` MEDIUMBLOB,
    `identifiers` MEDIUMBLOB,
    `contacts` MEDIUMBLOB,
    `epoch` BIGINT NOT NULL,
    UNIQUE (`subject`, `source_key`)
);
