# Says the SHA-256 and the mode of the regular file $1 if it has $2 bytes; nothing if there is none, or no way to tell. Of a file of another
# size, which is not the one that is asked about, the hash would be for nothing.
if [ -f "$1" ]; then
    bytes=$(stat -L -c %s -- "$1" 2>/dev/null || stat -L -f %z -- "$1") && [ "$bytes" = "$2" ] || exit 0
    hash=$(sha256_of "$1") || exit 0
    mode=$(stat -L -c %a -- "$1" 2>/dev/null || stat -L -f %Mp%Lp -- "$1") && echo "$hash $mode"
fi
