-- +goose Up
CREATE TABLE IF NOT EXISTS `review_sample` (
    `number` BIGINT NOT NULL PRIMARY KEY,
    `run` VARCHAR(64) NOT NULL,
    `seed` BIGINT NOT NULL,
    `asked` BIGINT NOT NULL,
    `stratum` VARCHAR(160) NOT NULL,
    `links` BIGINT NOT NULL,
    `record_a` CHAR(26) NOT NULL,
    `record_b` CHAR(26) NOT NULL
);
