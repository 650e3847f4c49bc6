# look FOLDER SUM: says `same`, `absent`, `ours` for what another archive became, or `foreign`.
# unpack FOLDER SUM ARCHIVE KEY: makes it of the archive, which is removed. discard FOLDER SUM ARCHIVE KEY: removes what was sent.
what=$1 folder=$2 sum=$3 archive=$4 key=$5
umask 022
marker=.runsheet-archive
beside=${folder%/*}/.${folder##*/}.runsheet
work=$beside-$key

complain() {
    printf '%s\n' "$1" >&2
    exit "${2:-1}"
}

remove() {
    rm -rf -- "$1" 2>/dev/null || {
        # A folder that its owner may not write.
        chmod -R u+rwX -- "$1" 2>/dev/null
        rm -rf -- "$1"
    }
}

look() {
    [ ! -L "$folder" ] || complain "\`$folder\` is a link, which is not followed"
    if [ ! -e "$folder" ]; then
        echo absent
        return
    fi
    [ -d "$folder" ] || complain "\`$folder\` is no folder"
    found=
    if [ -f "$folder/$marker" ] && [ ! -L "$folder/$marker" ]; then
        read -r found <"$folder/$marker"
    fi
    if [ "$found" = "$sum" ]; then
        echo same
    elif [ "${#found}" -eq 64 ]; then
        echo ours
    elif there=$(ls -A -- "$folder") && [ -z "$there" ]; then
        echo absent
    else
        echo foreign
    fi
}

leave() {
    code=$?
    trap - EXIT
    # It was taken away, and nothing has come in its place.
    if [ -d "$work/before" ] && [ ! -e "$folder" ]; then
        mv -- "$work/before" "$folder"
    fi
    remove "$work"
    rm -f -- "$archive"
    exit "$code"
}

unpack() {
    trap leave EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    mkdir -p -- "${folder%/*}/" && mkdir -- "$work" || exit
    found=$(sha256_of "$archive")
    case $? in
        0) ;;
        127) complain 'none of `sha256sum`, `shasum` and `openssl` is installed on the host: nothing proves what arrived' 127 ;;
        *) complain "$archive cannot be read" ;;
    esac
    [ "$found" = "$sum" ] || complain "what arrived has the SHA-256 $found and not $sum"
    listed "$archive" "$work" || exit
    mkdir -- "$work/tree" || exit
    unpacked "$archive" "$work/tree" || complain 'the archive cannot be unpacked'
    links_stay_in "$work/tree" "$work" || exit
    chmod -R u+rwX,go-w,u-s,g-s -- "$work/tree" || exit
    # The archive may have brought anything of that name.
    remove "$work/tree/$marker" && printf '%s\n' "$sum" >"$work/tree/$marker" || exit
    if [ -e "$folder" ]; then
        mv -- "$folder" "$work/before" || exit
    fi
    mv -- "$work/tree" "$folder"
}

case $what in
    look) look ;;
    unpack) unpack ;;
    discard) rm -f -- "$archive" ;;
esac
