-- +goose Up
DROP TABLE IF EXISTS `enrolment`;
