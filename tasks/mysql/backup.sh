# Writes a backup of the database to the path $1. Says `BYTES SHA256`, and then how many tables are in it.
dump=$(one_of mariadb-dump mysqldump) || exit 127
begin_backup "$1"
connected "$dump" --single-transaction --quick --routines --triggers --events --hex-blob --no-tablespaces \
    --default-character-set=utf8mb4 "--result-file=$part" -- "$database" || exit 70
# Its last line is written when all went well.
tail -c 256 -- "$part" | grep -q '^-- Dump completed' || {
    echo 'the backup has no end' >&2
    exit 65
}
tables=$(grep -c '^CREATE TABLE ' "$part")
end_backup
echo "$tables"
