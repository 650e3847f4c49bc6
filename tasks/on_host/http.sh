# Fetches the page $1 within $2 seconds, no more than $3 bytes of it (64 KiB), follows no redirect and asks no proxy.
# Says first with what; then comes the page, with curl after its headers, with wget while they go to standard error. The last line of
# standard error is `runsheet took FROM TO`, in seconds since the host was started, where the host tells that.
url=$1
limit=$2
most=${3:-65536}

has() {
    command -v "$1" >/dev/null 2>&1
}

within_limit() {
    # wget itself limits every read, not all of them together.
    if timeout 1 true 2>/dev/null; then
        timeout "$limit" "$@"
    else
        "$@"
    fi
}

fetch() {
    if [ "$program" = curl ]; then
        curl -q --silent --show-error --globoff --noproxy '*' --proto '=http,https' --max-time "$limit" --include --url "$url"
    elif wget --version 2>/dev/null | grep -q 'GNU Wget'; then
        within_limit wget --no-config --quiet --server-response --content-on-error --max-redirect=0 --no-proxy --tries=1 \
            --timeout="$limit" --output-document=- -- "$url"
    else
        # BusyBox has no word against redirects, and some of it (1.35) crashes when told its own limit with -T.
        within_limit wget -q -S -Y off -O - -- "$url"
    fi
}

if has curl; then
    program=curl
elif has wget; then
    program=wget
else
    echo nothing
    exit 127
fi
echo "$program"
# The page is cut, and the exit status is that of the program all the same.
exec 4>&1
read -r from _ 2>/dev/null </proc/uptime
code=$({ { fetch 3>&- 4>&-; echo "$?" >&3; } | head -c "$most" >&4; } 3>&1)
read -r to _ 2>/dev/null </proc/uptime && printf '\nrunsheet took %s %s\n' "$from" "$to" >&2
exit "$code"
