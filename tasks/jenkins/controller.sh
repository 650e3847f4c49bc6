# $1: get or post; $2: the controller's address; $3: a path in it; $4: how long one answer may take, in seconds; $5: what is posted.
# Standard input is a line of a configuration of curl: who we are. It stays out of arguments, which everybody on the host can read, and
# so do the crumb and the session that it belongs to.
# Says the status first, then the answer.
base=$2
path=$3
limit=$4
data=$5

command -v curl >/dev/null 2>&1 || {
    echo '`curl` is not installed on the host' >&2
    exit 127
}
user=$(cat)

# The lines of $1 are configuration too.
ask() {
    config=$1
    shift
    printf '%s\n%s\n' "$user" "$config" |
        curl -q --silent --show-error --globoff --noproxy '*' --proto '=http,https' --max-time "$limit" --config - "$@"
}

# What stands between quotes there, and is nothing else.
quotable() {
    tr -d '\r\n"\\'
}

if [ "$1" = get ]; then
    answer=$(ask '' --include --url "$base$path") || exit
else
    issued=$(ask '' --include --url "$base/crumbIssuer/api/json") || exit
    headers=$(printf '%s\n' "$issued" | sed -n '1,/^[[:space:]]*$/p')
    cookies=$(printf '%s\n' "$headers" | sed -n 's/^[Ss][Ee][Tt]-[Cc][Oo][Oo][Kk][Ii][Ee]:[[:space:]]*\([^;]*\).*/\1; /p' | quotable)
    field=$(printf '%s\n' "$issued" | sed -n 's/.*"crumbRequestField" *: *"\([-A-Za-z.]*\)".*/\1/p')
    crumb=$(printf '%s\n' "$issued" | sed -n 's/.*"crumb" *: *"\([^"]*\)".*/\1/p' | quotable)
    config=
    # A controller without the protection has no crumbs; whether it wants one, its answer to the request itself tells.
    if [ -n "$field" ] && [ -n "$crumb" ]; then
        config="header = \"$field: $crumb\"
header = \"Cookie: ${cookies%; }\""
    fi
    answer=$(ask "$config" --include --data-urlencode "$data" --url "$base$path") || exit
fi
# Interim answers come before the real one.
printf '%s\n' "$answer" | tr -d '\r' | awk '
    !body && /^HTTP\// { split($0, words, " "); status = words[2]; next }
    !body && /^$/ { if (status >= 200) { body = 1; print status }; next }
    body' | head -c 100000
