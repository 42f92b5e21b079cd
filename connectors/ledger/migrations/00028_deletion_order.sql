-- +goose Up
CREATE TABLE IF NOT EXISTS `deletion_order` (
    `id` CHAR(26) NOT NULL,
    `target` VARCHAR(64) NOT NULL,
    `feed` VARCHAR(64) NOT NULL,
    `clause` VARCHAR(64) NOT NULL,
    `due` CHAR(10) NOT NULL,
    `ordered_on` CHAR(10) NOT NULL,
    `last_on` CHAR(10) NOT NULL,
    `result` VARCHAR(16) NOT NULL,
    `answered_on` CHAR(10) NOT NULL,
    `answered_at` VARCHAR(32) NOT NULL,
    PRIMARY KEY (`id`)
);
