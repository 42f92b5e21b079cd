-- +goose Up
INSERT INTO `enrolment` (`source`, `source_key`, `seq`, `record`, `category`, `legal_basis`, `first_seen_run`, `last_seen_run`, `term_start`, `term_end`, `state`)
SELECT o.`source`, o.`source_key`, o.`seq`, o.`record`, o.`category`, o.`legal_basis`, o.`first_seen_run`, o.`last_seen_run`, o.`term_start`, o.`term_end`, o.`state`
FROM `enrolment_kept` o
WHERE NOT EXISTS (SELECT 1 FROM `enrolment` n WHERE n.`source_key` = o.`source_key` AND n.`seq` = o.`seq`);
