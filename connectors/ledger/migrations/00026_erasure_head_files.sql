-- +goose Up
INSERT INTO `erasure_head` (`id`, `number`, `chain`) SELECT 2, `r`.`number`, `r`.`chain` FROM (SELECT `number`, `chain` FROM `erasure_head` WHERE `id` = 1) `r`, (SELECT COUNT(*) AS `n` FROM `erasure_head` WHERE `id` = 2) `f` WHERE `f`.`n` = 0;
