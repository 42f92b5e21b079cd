-- +goose Up
INSERT INTO `erasure_head` (`id`, `number`, `chain`) SELECT 1, 0, '' FROM (SELECT COUNT(*) AS `n` FROM `erasure_head`) `rows` WHERE `rows`.`n` = 0;
