# Applies the text, a file of migrations, and records it, all in one transaction and under a lock that only one run holds.
# $1: the table of records, $2: the name of the file, $3: its SHA-256, $4: how long the lock is waited for, in milliseconds.
needs psql
take_text "$bytes"
printf %s "$text" | client -1 -v "runsheet_table=$1" -v "runsheet_name=$2" -v "runsheet_sha256=$3" -v "runsheet_wait=$4" \
    -f /dev/fd/5 -f - -f /dev/fd/6 5<<'BEFORE' 6<<'AFTER'
SELECT set_config('runsheet.table', :'runsheet_table', true), set_config('runsheet.name', :'runsheet_name', true),
    set_config('lock_timeout', :'runsheet_wait', true) \g /dev/null
DO $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('runsheet ' || current_setting('runsheet.table'), 0));
EXCEPTION WHEN lock_not_available THEN
    RAISE 'another run is applying files to this database and has not ended in time';
END
$$;
SET LOCAL lock_timeout TO DEFAULT;
SELECT to_regclass(:'runsheet_table') IS NULL AS runsheet_missing \gset
\if :runsheet_missing
CREATE TABLE :"runsheet_table" (
    name text PRIMARY KEY,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    applied_by text NOT NULL DEFAULT current_user
);
\endif
SELECT n.nspname AS runsheet_schema FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = to_regclass(:'runsheet_table') \gset
SELECT count(*) > 0 AS runsheet_done FROM :"runsheet_schema".:"runsheet_table" WHERE name = :'runsheet_name' \gset
\if :runsheet_done
DO $$ BEGIN RAISE 'it was applied meanwhile'; END $$;
\endif
\set QUIET off
BEFORE
\set QUIET on
SELECT current_setting('runsheet.name', true) IS NOT DISTINCT FROM :'runsheet_name' AS runsheet_whole \gset
\if :runsheet_whole
INSERT INTO :"runsheet_schema".:"runsheet_table" (name, sha256) VALUES (:'runsheet_name', :'runsheet_sha256');
\else
DO $$ BEGIN RAISE 'the file has ended its transaction itself: what it did before that stays, and it is not recorded'; END $$;
\endif
AFTER
