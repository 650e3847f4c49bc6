# look PATH: says `file`, `link` or `nothing`; a folder and what cannot be told are a failure. remove PATH: removes it.
what=$1 path=$2
if [ -L "$path" ]; then
    kind=link
elif [ -d "$path" ]; then
    printf '`%s` is a folder: `directory` with `state: absent` removes one\n' "$path" >&2
    exit 1
elif [ -e "$path" ]; then
    kind=file
else
    # In a folder that may not be entered everything looks as if it were not there.
    folder=${path%/*}/
    while [ ! -e "$folder" ] && [ "$folder" != / ]; do
        folder=${folder%/*}
        folder=${folder%/*}/
    done
    if [ ! -x "$folder" ]; then
        printf '`%s` cannot be seen: permission denied\n' "$path" >&2
        exit 1
    fi
    kind=nothing
fi
case $what/$kind in
    look/*) echo "$kind" ;;
    remove/nothing) ;;
    remove/*) rm -f -- "$path" ;;
esac
