-- +goose Up
REPLACE INTO `audit_head` (`id`, `number`, `chain`) VALUES (1, 0, '');
