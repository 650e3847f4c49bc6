# look PATH TARGET FORCE DANGLING: says what there is to do: same, make, change OLD or replace. make ...: does it.
# A link takes the place of another one, or of a file, at once.
what=$1 path=$2 target=$3 force=$4 dangling=$5
folder=${path%/*}/

fail() {
    printf '%s\n' "$1" >&2
    exit 1
}

decide() {
    [ -d "$folder" ] || fail "there is no folder \`$folder\`, or it cannot be seen"
    # Where it leads, it leads from its own folder.
    if [ "$dangling" != true ] && ! (CDPATH='' cd -- "$folder" && [ -e "$target" ]); then
        fail "there is no \`$target\` to which the link would lead, or it cannot be seen; \`dangling: true\` makes it all the same"
    fi
    if [ -L "$path" ]; then
        now=$(readlink -- "$path" && echo .)
        # With a point at its end, or line breaks there would be lost.
        now=${now%??}
        if [ "$now" = "$target" ]; then echo same; else printf 'change %s\n' "$now"; fi
    elif [ -d "$path" ]; then
        fail "\`$path\` is a folder, which no link replaces"
    elif [ -e "$path" ]; then
        [ "$force" = true ] || fail "\`$path\` is no link but a file: \`force: true\` would replace it"
        echo replace
    else
        echo make
    fi
}

todo=$(decide) || exit
if [ "$what" = look ]; then
    echo "$todo"
    exit
fi
[ "$todo" != same ] || exit 0
# In a folder of its own, since no name of a link can be reserved.
new=$(mktemp -d "$folder.runsheet.XXXXXX") || exit
trap 'rm -rf -- "$new"' EXIT
trap 'exit 1' HUP INT TERM
ln -s -- "$target" "$new/link" || exit
# -T, since the old link may lead to a folder, into which the new one would go.
mv -fT -- "$new/link" "$path"
