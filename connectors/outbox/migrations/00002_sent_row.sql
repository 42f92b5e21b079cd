-- +goose Up
CREATE TABLE IF NOT EXISTS sent_row (
    target VARCHAR(64) NOT NULL,
    token VARCHAR(64) NOT NULL,
    state VARCHAR(16) NOT NULL,
    digest VARCHAR(64) NOT NULL,
    entity VARCHAR(64) NOT NULL,
    run VARCHAR(128) NOT NULL,
    PRIMARY KEY (target, token)
);
