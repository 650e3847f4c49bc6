# Runs as the user itself, who can follow no link to where only others may write.
# HOME look STATE LINE TYPE KEY: says what there is to do: same, change or rights. HOME edit ...: does it.
# All lines with the key become one, in the place of the first; with STATE absent, none.
home=$1 what=$2 state=$3
export LC_ALL=C LINE="$4" TYPE="$5" KEY="$6"
folder=$home/.ssh
file=$folder/authorized_keys
umask 077

fail() {
    printf '%s\n' "$1" >&2
    exit 1
}

# Ends with 1 if the new text is another one.
new_text() {
    if [ -e "$file" ]; then cat -- "$file"; fi | awk '
        function has_key(i) {
            if ($0 ~ /^[ \t]*#/) return 0
            for (i = 1; i < NF; i++) if ($i == ENVIRON["TYPE"] && $(i + 1) == ENVIRON["KEY"]) return 1
            return 0
        }
        !has_key() { print; next }
        absent { changed = 1; next }
        seen++ { changed = 1; next }
        { if ($0 != ENVIRON["LINE"]) changed = 1; print ENVIRON["LINE"] }
        END {
            if (!absent && !seen) { print ENVIRON["LINE"]; changed = 1 }
            exit changed
        }' absent="$([ "$state" = present ] || echo 1)"
}

mode() {
    ls -ld -- "$1" | cut -c 1-10
}

decide() {
    [ -d "$home" ] || fail "there is no home \`$home\`, or the user cannot enter it"
    for one in "$folder" "$file"; do
        [ ! -L "$one" ] || fail "\`$one\` is a link to \`$(readlink -- "$one")\`, which is not followed"
        [ ! -e "$one" ] || [ -O "$one" ] || fail "\`$one\` belongs to somebody else"
    done
    [ ! -e "$file" ] || [ -f "$file" ] || fail "\`$file\` is not a file"
    [ ! -e "$file" ] || [ -r "$file" ] || fail "\`$file\` cannot be read: permission denied"
    if ! new_text >/dev/null; then
        echo change
    elif [ "$state" = present ] && [ "$(mode "$folder")$(mode "$file")" != drwx-------rw------- ]; then
        echo rights
    else
        echo same
    fi
}

todo=$(decide) || exit
if [ "$what" = look ]; then
    echo "$todo"
    exit
fi
[ "$todo" != same ] || exit 0
mkdir -p -- "$folder" && chmod 0700 -- "$folder" || exit
if [ "$todo" = rights ]; then
    chmod 0600 -- "$file"
    exit
fi
new=$(mktemp "$folder/.runsheet.XXXXXX") || exit
trap 'rm -f -- "$new"' EXIT
trap 'exit 1' HUP INT TERM
new_text >"$new"
# A disk that is full must not cost the other keys.
new_text | cmp -s - "$new" || fail "failed to write the new keys beside \`$file\`"
mv -f -- "$new" "$file"
