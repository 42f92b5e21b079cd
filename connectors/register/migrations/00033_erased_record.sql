-- +goose Up
CREATE TABLE IF NOT EXISTS `erased_record` (
    `record` CHAR(26) NOT NULL,
    PRIMARY KEY (`record`)
);
