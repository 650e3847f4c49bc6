-- The history: derived from the journals, so that it can be thrown away and made again.
-- Another layout gets another number in `history_file.rs`.

CREATE TABLE runs (
    id          INTEGER PRIMARY KEY,
    run         TEXT NOT NULL UNIQUE,
    sheet       TEXT NOT NULL,
    command     TEXT NOT NULL,
    plan_hash   TEXT NOT NULL,
    user        TEXT NOT NULL,
    started_ms  INTEGER NOT NULL,   -- since the Unix epoch
    took_ms     INTEGER,            -- waiting for people included; null: its end is not on record
    waited_ms   INTEGER NOT NULL,   -- for people
    ended       TEXT NOT NULL,      -- finished, unfinished, or why it was stopped
    hosts       INTEGER NOT NULL,   -- different ones in its plan
    changed     INTEGER NOT NULL,   -- hosts, over all steps
    unchanged   INTEGER NOT NULL,
    failed      INTEGER NOT NULL,
    unreachable INTEGER NOT NULL,
    lost        INTEGER NOT NULL,
    skipped     INTEGER NOT NULL,
    cancelled   INTEGER NOT NULL
) STRICT;

CREATE INDEX runs_by_sheet ON runs (sheet, started_ms);
CREATE INDEX runs_by_start ON runs (started_ms);

CREATE TABLE steps (
    id          INTEGER PRIMARY KEY,
    run         INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    position    INTEGER NOT NULL,   -- in the sheet, from 0
    step        TEXT NOT NULL,
    name        TEXT NOT NULL,
    tasks       TEXT NOT NULL,      -- a space between two
    took_ms     INTEGER,            -- machine time; null: not finished
    waited_ms   INTEGER NOT NULL,   -- for people
    expect_ms   INTEGER,            -- the sheet's time
    hosts       INTEGER NOT NULL,   -- planned
    changed     INTEGER NOT NULL,
    unchanged   INTEGER NOT NULL,
    failed      INTEGER NOT NULL,
    unreachable INTEGER NOT NULL,
    lost        INTEGER NOT NULL,
    skipped     INTEGER NOT NULL,
    cancelled   INTEGER NOT NULL,
    UNIQUE (run, step)
) STRICT;

CREATE TABLE hosts (
    step        INTEGER NOT NULL REFERENCES steps (id) ON DELETE CASCADE,
    host        TEXT NOT NULL,
    state       TEXT NOT NULL,      -- ok, failed, unreachable, lost, skipped, cancelled
    changed     INTEGER NOT NULL,
    took_ms     INTEGER NOT NULL,
    message     TEXT NOT NULL,      -- its first line, at most 200 characters
    PRIMARY KEY (step, host)
) STRICT, WITHOUT ROWID;

-- What each task of a step's chain took, over the hosts on which it ended well.
CREATE TABLE links (
    step        INTEGER NOT NULL REFERENCES steps (id) ON DELETE CASCADE,
    link        INTEGER NOT NULL,   -- in the chain, from 0
    task        TEXT NOT NULL,
    hosts       INTEGER NOT NULL,
    median_ms   INTEGER NOT NULL,
    longest_ms  INTEGER NOT NULL,
    PRIMARY KEY (step, link)
) STRICT, WITHOUT ROWID;

CREATE INDEX links_by_task ON links (task);
CREATE INDEX steps_by_tasks ON steps (tasks);
CREATE INDEX hosts_by_host ON hosts (host);
