# Applies the text, a file of migrations, under a lock that only one run holds, and records that it was begun and that it is done.
# $1: the table of records as it is written in a statement, $2: what is set before.
take_text "$bytes"
# What is ours comes on one line before the file: the number of a line is that of the file and 1.
said=$({
    printf '%s ' "SELECT IF(GET_LOCK(@runsheet_lock, @runsheet_wait) = 1, 'runsheet: locked', (SELECT 1 UNION SELECT 2));"
    printf '%s ' "CREATE TABLE IF NOT EXISTS $1 (" \
        'name varchar(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, sha256 char(64) NOT NULL,' \
        'begun_at datetime(6) NOT NULL, done_at datetime(6) NULL, applied_by varchar(255) NOT NULL);'
    printf '%s ' "INSERT INTO $1 (name, sha256, begun_at, applied_by)" \
        'VALUES (@runsheet_name, @runsheet_sha256, NOW(6), CURRENT_USER()); COMMIT;'
    echo "SELECT 'runsheet: begun';"
    printf %s "$text"
    end_statement
    echo "UNLOCK TABLES; UPDATE $1 SET done_at = NOW(6) WHERE name = @runsheet_name AND done_at IS NULL; COMMIT;"
    echo "SELECT 'runsheet: done';"
} | client --skip-column-names "--init-command=$2" 2>&1)
code=$?
printf '%s\n' "$said" | grep -v '^runsheet: '
case $said in
    *'runsheet: done') exit 0 ;;
    *'runsheet: locked'*) ;;
    *'ERROR 1242 '*)
        echo 'another run is applying files to this database and has not ended in time' >&2
        exit 75
        ;;
esac
[ "$code" -ne 0 ] || {
    echo 'the file did not come to its end: a quote or a comment is open' >&2
    code=65
}
exit "$code"
