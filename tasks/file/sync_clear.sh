# Removes everything in the folder $1 that is not among the files on standard input ($2 bytes, `HASH MODE NAME` a line), and the
# folders that are empty then. Says how many files that were. Nothing is removed unless the whole list has arrived.
export LC_ALL=C
# The point keeps the line break at its end, which would be cut off otherwise.
list=$(cat && echo .)
if [ "$(($(printf %s "$list" | wc -c)))" -ne "$(($2 + 1))" ]; then
    echo 'the list did not arrive in full; nothing was removed' >&2
    exit 74
fi
list=${list%.}
CDPATH='' cd -- "$1" || exit
gone=$({
    printf %s "$list" | cut -d ' ' -f 3- | sed 's/^/w /'
    find . ! -type d | sed 's/^/f /'
} | awk '
    /^w / { wanted["./" substr($0, 3)] = 1 }
    /^f \.\// { if (!(substr($0, 3) in wanted)) print substr($0, 3) }')
if [ -z "$gone" ]; then
    echo 0
    exit
fi
printf '%s\n' "$gone" | tr '\n' '\0' | xargs -0 rm -f -- || exit
find . -depth -type d -exec rmdir {} + 2>/dev/null
echo "$(($(printf '%s\n' "$gone" | wc -l)))"
