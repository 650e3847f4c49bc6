# Says the SHA-256 of the regular file $1; fails with 127 where the host has no program for it.
has() {
    command -v "$1" >/dev/null 2>&1
}

sha256_of() {
    if has sha256sum; then
        hash=$(sha256sum <"$1")
    elif has shasum; then
        hash=$(shasum -a 256 <"$1")
    elif has openssl; then
        hash=$(openssl dgst -sha256 -r <"$1")
    else
        return 127
    fi && printf '%s\n' "${hash%% *}"
}
