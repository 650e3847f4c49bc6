# Writes a backup of the database to the path $1. Says `BYTES SHA256`, and then how many things are in it.
needs pg_dump
needs pg_restore
begin_backup "$1"
pg_dump -w -Fc -f "$part" || exit 70
# What cannot be read again is no backup.
list=$(pg_restore --list "$part") || exit 65
end_backup
printf '%s\n' "$list" | grep -c '^[0-9]'
