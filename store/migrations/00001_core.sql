-- +goose Up

-- Owners are users, so that deleting a user takes everything of theirs along, and a write of
-- a conversation that still runs cannot bring any of it back.
CREATE TABLE users (
    id         text   NOT NULL PRIMARY KEY,
    provider   text   NOT NULL,
    subject    text   NOT NULL,
    email      text   NOT NULL,
    name       text   NOT NULL,
    picture    text   NOT NULL,
    created    bigint NOT NULL,
    last_login bigint NOT NULL,
    UNIQUE (provider, subject)
);
INSERT INTO users (id, provider, subject, email, name, picture, created, last_login)
VALUES ('anonymous', '', '', '', '', '', 0, 0);

CREATE TABLE characters (
    id      text   NOT NULL PRIMARY KEY,
    owner   text   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    data    text   NOT NULL,
    created bigint NOT NULL,
    updated bigint NOT NULL
);
CREATE INDEX characters_by_owner ON characters (owner, created, id);

-- character_id is no reference: it may name a preset, which lives in a file.
CREATE TABLE sessions (
    id           text   NOT NULL PRIMARY KEY,
    owner        text   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    character_id text   NOT NULL,
    config       text   NOT NULL,
    next_event   bigint NOT NULL CHECK (next_event >= 0),
    next_segment bigint NOT NULL CHECK (next_segment >= 0),
    turn         bigint NOT NULL CHECK (turn >= 0),
    created      bigint NOT NULL,
    updated      bigint NOT NULL
);
CREATE INDEX sessions_by_owner ON sessions (owner, created, id);
CREATE INDEX sessions_by_updated ON sessions (updated);

-- position is decimal digits, which every collation orders alike.
CREATE TABLE items (
    session_id   text   NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    id           text   NOT NULL,
    position     text   NOT NULL CHECK (position <> ''),
    role         text   NOT NULL,
    status       text   NOT NULL,
    content_type text   NOT NULL,
    heard        text   NOT NULL,
    full_text    text   NOT NULL,
    speech       text   NOT NULL,
    created      bigint NOT NULL,
    updated      bigint NOT NULL,
    PRIMARY KEY (session_id, id)
);
CREATE INDEX items_in_order ON items (session_id, position, id);

CREATE TABLE summaries (
    session_id text   NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    covers     text   NOT NULL,
    body       text   NOT NULL,
    up_to_item text   NOT NULL,
    tokens     bigint NOT NULL,
    model      text   NOT NULL,
    created    bigint NOT NULL,
    PRIMARY KEY (session_id, covers)
);

-- A fact outlasts the session that it was learned in.
CREATE TABLE facts (
    id           text   NOT NULL PRIMARY KEY,
    owner        text   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    character_id text   NOT NULL,
    body         text   NOT NULL,
    session_id   text   NOT NULL,
    created      bigint NOT NULL,
    updated      bigint NOT NULL
);
CREATE INDEX facts_by_owner ON facts (owner, character_id, created, id);

CREATE TABLE calibrations (
    model   text             NOT NULL PRIMARY KEY,
    ratio   double precision NOT NULL CHECK (ratio > 0),
    samples bigint           NOT NULL CHECK (samples >= 0)
);

CREATE TABLE revoked_tokens (
    jti     text   NOT NULL PRIMARY KEY,
    expires bigint NOT NULL
);
CREATE INDEX revoked_tokens_by_expires ON revoked_tokens (expires);

-- One row is one file: the same speech, made for two owners, is two.
CREATE TABLE audio (
    owner       text   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    cache_key   text   NOT NULL,
    blob        text   NOT NULL UNIQUE,
    voice       text   NOT NULL,
    format      text   NOT NULL,
    duration    bigint NOT NULL CHECK (duration >= 0),
    size        bigint NOT NULL CHECK (size >= 0),
    hits        bigint NOT NULL,
    created     bigint NOT NULL,
    last_used   bigint NOT NULL,
    PRIMARY KEY (owner, cache_key)
);
CREATE INDEX audio_by_key ON audio (cache_key);
CREATE INDEX audio_by_age ON audio (last_used);
CREATE INDEX audio_by_owner ON audio (owner, created, cache_key);

CREATE TABLE counters (
    name    text   NOT NULL PRIMARY KEY,
    n       bigint NOT NULL,
    expires bigint NOT NULL
);
CREATE INDEX counters_by_expires ON counters (expires);
