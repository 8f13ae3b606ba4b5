-- +goose Up

-- What a fact is about decides which one goes when there are too many.
ALTER TABLE facts ADD COLUMN kind text NOT NULL DEFAULT '';
