-- +goose Up
CREATE TABLE IF NOT EXISTS `pseudonym` (
    `person` CHAR(26) NOT NULL PRIMARY KEY,
    `subject` CHAR(26) NOT NULL
);
