# $1: database, $2: user, $3: host or socket, $4: port, $5: bytes of the text on standard input; what is empty is left to the client.
# The rest is for the script that follows.
PATH=$PATH:/usr/local/mysql/bin:/usr/local/bin
database=$1
user=$2
server=$3
port=$4
bytes=$5
shift 5

# One of two programs: MariaDB's is called by its own name where it has one.
one_of() {
    for name; do
        if command -v "$name" >/dev/null 2>&1; then
            printf '%s\n' "$name"
            return
        fi
    done
    printf 'none of `%s` and `%s` is installed on the host\n' "$1" "$2" >&2
    return 1
}

secret_given=
if take_secret; then
    secret_given=yes
fi

# Runs a program of theirs with what it needs to connect.
connected() {
    program=$1
    shift
    case $server in
        '') ;;
        /*) set -- "--socket=$server" "$@" ;;
        *) set -- "--host=$server" "$@" ;;
    esac
    [ -z "$port" ] || set -- "--port=$port" "$@"
    [ -z "$user" ] || set -- "--user=$user" "$@"
    # It has to come first. The file has no name any more.
    [ -z "$secret_given" ] || set -- --defaults-extra-file=/dev/fd/3 "$@"
    "$program" "$@"
}

client() {
    connected "$mysql" --batch --connect-timeout=10 --default-character-set=utf8mb4 "--database=$database" "$@"
}

# Ends a statement that has no end of its own, whatever the text has made of `;`, and makes `;` the end of statements again.
end_statement() {
    end=$(printf '%s\n' "$text" | sed -n 's/^[Dd][Ee][Ll][Ii][Mm][Ii][Tt][Ee][Rr][[:space:]][[:space:]]*\([^[:space:]]*\).*/\1/p' |
        tail -n 1)
    printf '\n%s\ndelimiter ;\n' "${end:-;}"
}

mysql=$(one_of mariadb mysql) || exit 127
