-- +goose Up

-- epoch counts by how many instances a conversation has been taken over. Whoever had it before
-- writes under an earlier one, and changes nothing.
ALTER TABLE sessions ADD COLUMN epoch bigint NOT NULL DEFAULT 0;
