-- +goose Up
CREATE TABLE IF NOT EXISTS `sample` (
    `k`     VARCHAR(20) NOT NULL PRIMARY KEY,
    `group` TEXT,
    `end`   BLOB,
    `from`  BIGINT
);
