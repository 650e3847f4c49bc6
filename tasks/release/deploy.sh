# $1: `prepare`, `discard` or `do`, $2: the archive. For `do` follow: the release, the SHA-256 of the archive, how many leading
# folders go, what is run before the switch, how many releases are kept; then the shared paths. It says `before NAME`, `made` if
# the release was not there, `cleared` if there was something left of an attempt that was broken off, `check CODE` if the check
# failed, and of old releases `removed NAME` or `stuck NAME`.
archive=$2

unpack_in_its_folder() {
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
    tree=$work/tree
    while [ "$strip" -gt 0 ]; do
        inner=$(ls -A -- "$tree")
        [ -n "$inner" ] && [ -d "$tree/$inner" ] && ! [ -L "$tree/$inner" ] ||
            complain "\`strip\` takes away folders that hold all else, but there is not a single one: $(printf %s "$inner" | tr '\n' ' ')"
        tree=$tree/$inner
        strip=$((strip - 1))
    done
    links_stay_in "$tree" "$work" || exit
    # The same for root as for others: no bits by which somebody else may write, or become its owner.
    chmod -R u+rwX,go-w,u-s,g-s -- "$tree" || exit
}

# Links the shared path $2 into the release $1. A path that ends with `/` is a folder, which is made if it is missing.
share() {
    path=${2%/}
    if [ "$path" != "$2" ]; then
        mkdir -p -- "$root/shared/$path" || exit
        [ -d "$root/shared/$path" ] || complain "\`shared/$path\` is no folder"
    else
        [ -e "$root/shared/$path" ] || complain "\`shared/$path\` is not there: put it there first, or write \`$path/\` for a folder that may be made"
    fi
    target=../../shared/$path
    rest=$path
    at=$1
    while [ "${rest#*/}" != "$rest" ]; do
        at=$at/${rest%%/*}
        rest=${rest#*/}
        target=../$target
        [ ! -L "$at" ] || complain "\`$path\` lies below a link in the release"
        [ -d "$at" ] || mkdir -- "$at" || exit
    done
    if [ "$(readlink -- "$1/$path")" != "$target" ]; then
        remove "$1/$path" && ln -s -- "$target" "$1/$path" || exit
    fi
}

deploy() {
    name=$1 sum=$2 strip=$3 check=$4 keep=$5
    shift 5
    begin
    before=$(current)
    [ "$before" != ! ] || complain "\`$root/current\` is no link"
    made=
    case $(made_of "$name") in
        "$sum") tree=$root/releases/$name ;;
        absent)
            [ -f "$archive" ] || complain "what was sent to $archive is gone"
            unpack_in_its_folder
            made=yes
            ;;
        strange) complain "\`releases/$name\` is there and was not made by a deploy: remove it, or give the release another name" ;;
        *) complain "there is a release \`$name\` already, of another archive: give this one another name" ;;
    esac
    for path; do
        share "$tree" "$path"
    done
    if [ -n "$made" ]; then
        # The archive may have brought anything of that name.
        remove "$tree/$marker" || exit
        printf '%s %s %s %s\n' "$sum" "$name" "$(now)" "$id" >"$tree/$marker" || exit
        rename "$tree" "$root/releases/$name" || exit
    fi
    if [ -n "$check" ]; then
        (CDPATH='' cd -- "$root/releases/$name" && detached /bin/sh -c "$check" check) >"$work/check" 2>&1
        code=$?
        if [ "$code" -ne 0 ]; then
            tail -n 20 -- "$work/check" >&2
            if [ -n "$made" ]; then
                rename "$root/releases/$name" "$work/failed"
            fi
            echo "check $code"
            exit 76
        fi
    fi
    if [ "$before" != "$name" ]; then
        switch_to "$name" "$sum" deployed
    fi
    echo "before $before"
    if [ -n "$cleared" ]; then
        echo cleared
    fi
    if [ -n "$made" ]; then
        echo made
    fi
    surplus "$keep" | remove_releases
}

case $1 in
    prepare) mkdir -p -- "$root/releases" "$root/shared" "$work" ;;
    discard)
        remove "$work"
        rm -f -- "$archive"
        ;;
    do)
        shift 2
        deploy "$@"
        ;;
esac
