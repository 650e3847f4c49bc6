# look PATH STATE FORCE: says what there is to do: same, make, or remove COUNT (of what is in it). make PATH MODE and
# remove PATH FORCE do it.
what=$1 path=$2

fail() {
    printf '%s\n' "$1" >&2
    exit 1
}

entries() {
    find "$path/." ! -name . -prune -exec sh -c 'echo "$#"' sh {} + | awk '{ sum += $1 } END { print sum + 0 }'
}

# What is mounted in it belongs to another file system, which goes on where this one ends.
refuse_mounts() {
    name=$(printf %s "$path" | sed 's/\\/\\134/g; s/ /\\040/g; s/	/\\011/g')
    while read -r _ _ _ _ where _; do
        case $where in
            "$name" | "$name"/*) fail "\`$path\` was left: there is a file system mounted at $where" ;;
        esac
    done </proc/self/mountinfo
}

look() {
    state=$1 force=$2
    if [ -L "$path" ]; then
        fail "\`$path\` is a link to \`$(readlink -- "$path")\`, and no folder of its own"
    elif [ -d "$path" ]; then
        if [ "$state" = present ]; then
            echo same
            return
        fi
        count=$(entries) || exit
        [ "$count" -eq 0 ] || [ "$force" = true ] || fail "\`$path\` is not empty: \`force: true\` would remove all that is in it"
        refuse_mounts
        echo "remove $count"
    elif [ -e "$path" ]; then
        fail "\`$path\` is no folder but a file"
    elif [ "$state" = present ]; then
        echo make
    else
        folder=$path
        while [ ! -e "$folder/" ]; do
            folder=${folder%/*}
        done
        [ -x "$folder/" ] || fail "\`$path\` cannot be seen: permission denied"
        echo same
    fi
}

case $what in
    look) look "$3" "$4" ;;
    make)
        if [ "$3" = - ]; then mkdir -p -- "$path"; else mkdir -p -m "$3" -- "$path"; fi
        ;;
    remove)
        refuse_mounts
        if [ "$3" = true ]; then rm -rf -- "$path"; else rmdir -- "$path"; fi
        ;;
esac
