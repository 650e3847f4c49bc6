# Says the SHA-256 and the mode of the regular file $1; nothing if there is none, or no way to tell.
if [ -f "$1" ]; then
    hash=$(sha256_of "$1") || exit 0
    mode=$(stat -L -c %a -- "$1" 2>/dev/null || stat -L -f %Mp%Lp -- "$1") && echo "$hash $mode"
fi
