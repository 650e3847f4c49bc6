# Runs a command that may leave a daemon behind, and shows all that it says until it ends. Its output goes to a file that has
# no name any more: a daemon that kept our own output would hold the channel open, and later die of writing to it.
detached() {
    said=$(mktemp "${TMPDIR:-/tmp}/runsheet.XXXXXX" 2>/dev/null) || {
        "$@" </dev/null
        return
    }
    exec 3>"$said" 4<"$said"
    rm -f -- "$said"
    "$@" </dev/null >&3 2>&3 3>&- 4<&-
    code=$?
    cat <&4
    return "$code"
}

