-- +goose Up
CREATE TABLE IF NOT EXISTS `person` (
    `source` VARCHAR(64) NOT NULL,
    `source_key` CHAR(26) NOT NULL,
    `seq` BIGINT NOT NULL,
    `record` CHAR(26) NOT NULL,
    `category` VARCHAR(64) NOT NULL,
    `legal_basis` VARCHAR(64) NOT NULL,
    `first_seen_run` VARCHAR(64) NOT NULL,
    `last_seen_run` VARCHAR(64),
    `institution_code` MEDIUMTEXT,
    `birth_year` BIGINT,
    `title` MEDIUMTEXT,
    `sex` MEDIUMTEXT,
    `nationality` MEDIUMTEXT,
    `mother_tongue` MEDIUMTEXT,
    `contact_language` MEDIUMTEXT,
    `home_municipality` MEDIUMTEXT,
    `deceased` SMALLINT,
    `deceased_date` CHAR(10),
    `protected` SMALLINT,
    `modified_at` BIGINT,
    PRIMARY KEY (`source_key`, `seq`)
);
