# $1: database, $2: user, $3: host or folder of the socket, $4: port, $5: bytes of the text on standard input; what is empty is left to
# the client. The rest is for the script that follows. Names go by the environment: an argument could be taken for a list of settings.
for folder in /usr/pgsql-*/bin /usr/lib/postgresql/*/bin /usr/local/pgsql/bin /usr/local/bin; do
    PATH=$PATH:$folder
done
export PGDATABASE="$1" PGAPPNAME=runsheet PGCONNECT_TIMEOUT=10
[ -z "$2" ] || export PGUSER="$2"
[ -z "$3" ] || export PGHOST="$3"
[ -z "$4" ] || export PGPORT="$4"
bytes=$5
shift 5
if take_secret; then
    export PGPASSFILE=/dev/fd/3
fi

# -X reads no file of settings, -w asks for no password.
client() {
    psql -X -q -w -v ON_ERROR_STOP=1 -P pager=off "$@"
}
