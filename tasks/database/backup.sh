# A backup is written beside its place and put there when it is whole: `begin_backup PATH` gives the name to write to, `part`, and
# `end_backup` says `BYTES SHA256` of what is in its place then. Whatever happens before, nothing is left.
hash_of() {
    if command -v sha256sum >/dev/null 2>&1; then
        sum=$(sha256sum <"$1")
    elif command -v shasum >/dev/null 2>&1; then
        sum=$(shasum -a 256 <"$1")
    else
        sum=$(openssl dgst -sha256 -r <"$1")
    fi || return 1
    printf '%s\n' "${sum%% *}"
}

size_and_hash() {
    hash=$(hash_of "$1") && printf '%s %s\n' "$(($(wc -c <"$1")))" "$hash"
}

begin_backup() {
    target=$1
    [ ! -d "$target" ] || {
        printf '%s is a folder\n' "$target" >&2
        exit 73
    }
    umask 077
    part=$(mktemp "${target%/*}/.runsheet.XXXXXX") || exit 73
    trap 'rm -f -- "$part"' EXIT
    trap 'exit 129' HUP INT TERM
}

end_backup() {
    said=$(size_and_hash "$part") || exit 73
    sync "$part" 2>/dev/null
    mv -f -- "$part" "$target" || exit 73
    trap - EXIT
    printf '%s\n' "$said"
}
