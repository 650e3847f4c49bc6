# look FILE TEXT MARKER: says `same`, `other`, `missing`, or `foreign` for a file that does not begin with the marker.
# write FILE TEXT MARKER: replaces it. remove FILE TEXT MARKER: removes it.
what=$1 file=$2 text=$3 marker=$4

complain() {
    printf '%s\n' "$1" >&2
    exit "${2:-1}"
}

folder=${file%/*}
[ -d "$folder" ] || complain "there is no \`$folder\` on the host: is cron installed?"

case $what in
    look)
        if [ -L "$file" ]; then
            complain "\`$file\` is a link, which is not followed"
        elif [ ! -e "$file" ]; then
            echo missing
        elif [ ! -f "$file" ] || [ ! -r "$file" ]; then
            complain "\`$file\` cannot be read, or is no file"
        elif [ "$(head -n 1 -- "$file")" != "$marker" ]; then
            echo foreign
        elif [ -n "$text" ] && printf '%s\n' "$text" | cmp -s - "$file" && [ "$(ls -ln -- "$file" | awk '{ print substr($1, 1, 10), $3 }')" = '-rw-r--r-- 0' ]; then
            echo same
        else
            echo other
        fi
        ;;
    write)
        [ "$(id -u)" = 0 ] || complain 'cron takes only entries that belong to root: the step needs `sudo`' 77
        # cron does not read files with a dot in their name.
        new=$(mktemp "$folder/.runsheet.XXXXXX") || exit
        trap 'rm -f -- "$new"' EXIT
        trap 'exit 1' HUP INT TERM
        printf '%s\n' "$text" >"$new" && chmod 0644 -- "$new" && mv -f -- "$new" "$file"
        ;;
    remove) rm -f -- "$file" ;;
esac
