# Says the SHA-256 and the mode of the regular file $1; nothing if there is none, or no way to tell.
has() {
    command -v "$1" >/dev/null 2>&1
}

if [ -f "$1" ]; then
    if has sha256sum; then
        hash=$(sha256sum <"$1")
    elif has shasum; then
        hash=$(shasum -a 256 <"$1")
    elif has openssl; then
        hash=$(openssl dgst -sha256 -r <"$1")
    else
        exit 0
    fi
    mode=$(stat -L -c %a -- "$1" 2>/dev/null || stat -L -f %Mp%Lp -- "$1") && echo "${hash%% *} $mode"
fi
