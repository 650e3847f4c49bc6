# $1: look or do; $2: the path of a backup; for `do` also $3: true or false, whether what is in the database is removed first.
# `look` says `BYTES SHA256` of the backup. All is one transaction: the database is restored, or as it was.
needs psql
needs pg_restore
file=$2
if [ "$1" = look ]; then
    [ -f "$file" ] || {
        printf 'there is no file %s\n' "$file" >&2
        exit 66
    }
    pg_restore --list "$file" >/dev/null || exit 65
    size_and_hash "$file"
    exit
fi
# It is read to its end before anything is done.
pg_restore -f /dev/null "$file" || exit 65
{
    # The last line says that all of it has arrived.
    pg_restore -f - "$file" && echo "SET LOCAL runsheet.whole = 'yes';"
} | client -1 -o /dev/null -v "replace=$3" -f /dev/fd/5 -f - -f /dev/fd/6 5<<'BEFORE' 6<<'AFTER'
SET LOCAL client_min_messages TO warning;
\if :replace
DO $$
DECLARE
    one record;
    may record;
BEGIN
    FOR one IN SELECT extname FROM pg_extension WHERE extname <> 'plpgsql' LOOP
        EXECUTE format('DROP EXTENSION IF EXISTS %I CASCADE', one.extname);
    END LOOP;
    FOR one IN SELECT nspname, nspowner, coalesce(nspacl, acldefault('n', nspowner)) AS acl, obj_description(oid, 'pg_namespace') AS told
        FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', one.nspname);
        CONTINUE WHEN one.nspname <> 'public';
        EXECUTE format('CREATE SCHEMA public AUTHORIZATION %s', one.nspowner::regrole);
        EXECUTE format('COMMENT ON SCHEMA public IS %L', one.told);
        FOR may IN SELECT * FROM aclexplode(one.acl) WHERE grantee <> one.nspowner LOOP
            EXECUTE format('GRANT %s ON SCHEMA public TO %s%s', may.privilege_type,
                CASE may.grantee WHEN 0 THEN 'PUBLIC' ELSE may.grantee::regrole::text END,
                CASE WHEN may.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
        END LOOP;
    END LOOP;
    PERFORM lo_unlink(oid) FROM pg_largeobject_metadata;
END
$$;
\endif
BEFORE
DO $$
BEGIN
    IF current_setting('runsheet.whole', true) IS DISTINCT FROM 'yes' THEN
        RAISE 'the backup was not read to its end; the database is as it was';
    END IF;
END
$$;
AFTER
