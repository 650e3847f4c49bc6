# Standard input is first a line with a secret, or an empty one, and then a text.
#
# `take_secret` gives the secret to descriptor 3, as a file that has no name any more: nobody else can open it, and it is gone with
# us. It fails if there is none. `take_text BYTES` takes the text, all of it or nothing, into `text`.
needs() {
    command -v "$1" >/dev/null 2>&1 || {
        printf '`%s` is not installed on the host\n' "$1" >&2
        exit 127
    }
}

take_secret() {
    IFS= read -r secret
    [ -n "$secret" ] || return 1
    umask 077
    kept=$(mktemp "${TMPDIR:-/tmp}/runsheet.XXXXXX") || exit 73
    exec 3<>"$kept"
    rm -f -- "$kept"
    # An option file has several lines, which come in one.
    printf '%b' "$secret" >&3
    secret=
}

take_text() {
    # The point keeps the line breaks at its end, which would be cut off otherwise.
    text=$(cat && echo .)
    if [ "$(($(printf %s "$text" | wc -c)))" -ne "$(($1 + 1))" ]; then
        echo 'the text did not arrive in full; nothing of it was run' >&2
        exit 74
    fi
    text=${text%.}
}
