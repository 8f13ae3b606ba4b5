-- +goose Up

-- A speech file that is yet to be made. held_until is for how long somebody is at it.
CREATE TABLE promises (
    blob       text   NOT NULL PRIMARY KEY,
    owner      text   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    request    text   NOT NULL,
    due        bigint NOT NULL,
    failure    text   NOT NULL,
    held_until bigint NOT NULL,
    created    bigint NOT NULL
);
CREATE INDEX promises_by_due ON promises (failure, due);
CREATE INDEX promises_by_owner ON promises (owner);
