# $1: look or do; $2: the path of a backup; for `do` also $3: true or false, whether what is in the database is removed first.
# `look` says `BYTES SHA256` of the backup, and then how many tables are in it.
file=$2
if [ "$1" = look ]; then
    [ -f "$file" ] || {
        printf 'there is no file %s\n' "$file" >&2
        exit 66
    }
    tail -c 256 -- "$file" | grep -q '^-- Dump completed' || {
        echo 'it has no end' >&2
        exit 65
    }
    # Then it would restore another database than it is told.
    if grep -q -m 1 -E '^(USE|CREATE DATABASE) ' "$file"; then
        echo 'it was made of several databases, or names its own' >&2
        exit 65
    fi
    size_and_hash "$file" && { grep -c '^CREATE TABLE ' "$file" || true; }
    exit
fi
if [ "$3" = true ]; then
    anew=$(client --skip-column-names --raw <<'END'
SELECT CONCAT('DROP DATABASE ', name, '; CREATE DATABASE ', name, ' CHARACTER SET ', charset, ' COLLATE ', collation) FROM (
    SELECT CONCAT('`', REPLACE(schema_name, '`', '``'), '`') AS name, default_character_set_name AS charset,
        default_collation_name AS collation FROM information_schema.schemata WHERE schema_name = DATABASE()) one;
END
    ) && [ -n "$anew" ] || exit 70
    printf '%s;\n' "$anew" | client || exit 70
fi
client <"$file"
