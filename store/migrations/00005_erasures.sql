-- +goose Up

-- Whoever had an account, until the last of their files is gone. due is when somebody is to look for them next.
CREATE TABLE erasures (
    owner text   NOT NULL PRIMARY KEY,
    tries bigint NOT NULL,
    due   bigint NOT NULL,
    begun bigint NOT NULL
);
CREATE INDEX erasures_by_due ON erasures (due);
