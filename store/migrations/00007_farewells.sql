-- +goose Up

-- The conversations that have ended and of which facts are still to be drawn. due is when
-- somebody is to take them up.
CREATE TABLE farewells (
    session_id text   NOT NULL PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    due        bigint NOT NULL
);
CREATE INDEX farewells_by_due ON farewells (due);
