# Says what is recorded of migrations, `SHA256 STATE NAME` with a tabulator between, once no other run is applying one; nothing where
# there is no table yet. $1: the table as it is written in a statement, $2: what is set before.
there=$(client --skip-column-names "--init-command=$2" <<'END'
SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = @runsheet_table;
END
) || exit 70
[ "$there" != 0 ] || exit 0
said=$(client --skip-column-names --raw "--init-command=$2" 2>&1 <<END
SELECT IF(GET_LOCK(@runsheet_lock, @runsheet_wait) = 1, 'runsheet: locked', (SELECT 1 UNION SELECT 2));
SELECT sha256, IF(done_at IS NULL, begun_at, 'done'), name FROM $1 ORDER BY name;
END
) && {
    printf '%s\n' "$said" | grep -v '^runsheet: '
    exit 0
}
case $said in
    *'runsheet: locked'*) printf '%s\n' "$said" >&2 ;;
    *'ERROR 1242 '*) echo 'another run is applying files to this database and has not ended in time' >&2 ;;
    *) printf '%s\n' "$said" >&2 ;;
esac
exit 75
