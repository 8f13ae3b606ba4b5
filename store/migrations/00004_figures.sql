-- +goose Up

-- A figure is a job, and the model that it has made. run counts how often it was begun: what an
-- earlier run still writes finds no row. due is when a sign of life is overdue; 0: none is waited for.
CREATE TABLE figures (
    id           text   NOT NULL PRIMARY KEY,
    owner        text   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    character_id text   NOT NULL,
    options      text   NOT NULL,
    picture      text   NOT NULL,
    model        text   NOT NULL,
    status       text   NOT NULL CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')),
    progress     bigint NOT NULL CHECK (progress BETWEEN 0 AND 100),
    step         text   NOT NULL,
    failure      text   NOT NULL,
    version      bigint NOT NULL,
    run          bigint NOT NULL,
    due          bigint NOT NULL,
    created      bigint NOT NULL,
    updated      bigint NOT NULL
);
CREATE INDEX figures_by_due ON figures (due);
CREATE INDEX figures_by_age ON figures (status, updated);
CREATE INDEX figures_by_owner ON figures (owner);

-- Whoever works on a figure holds a lane, for as long as it says.
CREATE TABLE figure_lanes (
    lane       bigint NOT NULL PRIMARY KEY,
    holder     text   NOT NULL,
    held_until bigint NOT NULL
);
