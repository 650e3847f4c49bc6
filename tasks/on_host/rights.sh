# look PATH MODE FOLDER_MODE OWNER GROUP RECURSIVE: says how many files and folders are not so. `-` stands for what may stay as it is.
# set  ...: makes them so, and says how many that were.
# Links are passed over, and never followed.
what=$1 path=$2 mode=$3 folder_mode=$4 owner=$5 group=$6 recursive=$7

if [ -L "$path" ]; then
    printf '`%s` is a link\n' "$path" >&2
    exit 1
elif [ ! -e "$path" ]; then
    printf 'there is no `%s`, or it cannot be seen\n' "$path" >&2
    exit 1
fi
[ "$recursive" = true ] || stop=-prune

# found TEST...: the ones for which one of the tests holds, through the command in $each.
found() {
    find "$path" $stop ! -type l \( "$@" \) -exec sh -c "$each" sh "$owner" "$group" "$mode" "$folder_mode" {} +
}

command -v find >/dev/null || {
    echo '`find` is not installed on the host' >&2
    exit 127
}
set -- -name ''
[ "$owner" = - ] || set -- "$@" -o ! -user "$owner"
[ "$group" = - ] || set -- "$@" -o ! -group "$group"
[ "$mode" = - ] || set -- "$@" -o -type d ! -perm "$folder_mode" -o ! -type d ! -perm "$mode"

case $what in
    # To change the owner takes away set-user-ID, hence the mode after it. -h does not follow what has become a link meanwhile.
    set) each='
        owner=$1 group=$2 mode=$3 folder_mode=$4
        shift 4
        [ "$owner" = - ] || chown -h -- "$owner" "$@" || exit
        [ "$group" = - ] || chgrp -h -- "$group" "$@" || exit
        [ "$mode" = - ] || for one; do
            [ ! -L "$one" ] || continue
            if [ -d "$one" ]; then chmod -- "$folder_mode" "$one"; else chmod -- "$mode" "$one"; fi || exit
        done
        echo "$#"' ;;
    *) each='shift 4; echo "$#"' ;;
esac
counts=$(found "$@") || exit
printf '%s\n' "$counts" | awk '{ sum += $1 } END { print sum + 0 }'
