-- +goose Up
CREATE TABLE IF NOT EXISTS delivery_lease (
    sender VARCHAR(64) NOT NULL,
    recipient VARCHAR(64) NOT NULL,
    dataset VARCHAR(64) NOT NULL,
    holder VARCHAR(64) NOT NULL,
    fence BIGINT NOT NULL,
    until_at VARCHAR(27) NOT NULL,
    PRIMARY KEY (sender, recipient, dataset)
);
