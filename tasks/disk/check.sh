# PATH: says of the file system that it is on: the size of a block, how many there are, how many an ordinary user may still take,
# and how many inodes there are and are free. Of `df` only people can tell where a name ends: it may hold spaces and numbers.
path=$1
if [ ! -e "$path" ]; then
    printf 'there is no `%s`, or it cannot be reached\n' "$path" >&2
    exit 1
fi
LC_ALL=C stat -f -c '%S %b %a %c %d' -- "$path"
