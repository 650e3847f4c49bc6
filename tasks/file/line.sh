# look FILE STATE LINE MATCH CREATE: says what there is to do: same, missing, create, append, replace NUMBER or remove COUNT.
# edit FILE STATE LINE MATCH CREATE MODE: does it. STATE is present or absent; LINE or MATCH may be empty.
# The file is replaced at once, by one with the same owner and mode.
what=$1 file=$2 state=$3 line=$4 match=$5 create=$6 mode=$7
export LC_ALL=C

fail() {
    printf '%s\n' "$1" >&2
    exit "${2:-1}"
}

# Numbers of the lines that MATCH matches, or else of those that are LINE.
numbers() {
    if [ -n "$match" ]; then
        grep -nE -e "$match" -- "$file"
    else
        grep -nxF -e "$line" -- "$file"
    fi | sed 's/:.*//'
}

decide() {
    if [ -n "$match" ]; then
        grep -E -e "$match" /dev/null
        [ "$?" -lt 2 ] || exit 2
    fi
    if [ -L "$file" ]; then
        fail "\`$file\` is a link to \`$(readlink -- "$file")\`: name the file itself"
    elif [ ! -e "$file" ]; then
        [ -d "${file%/*}/" ] || fail "there is no folder \`${file%/*}\`, or it cannot be seen"
        case $state/$create in
            absent/*) echo missing ;;
            */true) echo create ;;
            *) fail "there is no file \`$file\`: \`create: true\` would make it" ;;
        esac
        return
    fi
    [ -f "$file" ] || fail "\`$file\` is not a file"
    [ -r "$file" ] || fail "\`$file\` cannot be read: permission denied"
    tr -d '\000' <"$file" | cmp -s - "$file" || fail "\`$file\` is no text"
    found=$(numbers)
    count=$(printf %s "$found" | grep -c .)
    case $state/$count in
        absent/0) echo same ;;
        absent/*) echo "remove $count" ;;
        present/0)
            # Nothing matches, but the line may be there all the same.
            if grep -qxF -e "$line" -- "$file"; then echo same; else echo append; fi
            ;;
        present/1)
            if [ -z "$match" ] || sed -n "${found}p" -- "$file" | grep -qxF -e "$line"; then
                echo same
            else
                echo "replace $found"
            fi
            ;;
        *)
            [ -n "$match" ] || { echo same; return; }
            fail "\`match\` fits $count lines of \`$file\`, but has to fit one: $(printf '%s ' $found)"
            ;;
    esac
}

# awk gives the last line the end that it may lack.
new_text() {
    case $1 in
        create) printf '%s\n' "$line" ;;
        append)
            awk '{ print }' "$file"
            printf '%s\n' "$line"
            ;;
        replace)
            awk -v at="$2" 'NR < at { print }' "$file"
            printf '%s\n' "$line"
            awk -v at="$2" 'NR > at { print }' "$file"
            ;;
        remove)
            if [ -n "$match" ]; then
                grep -vE -e "$match" -- "$file"
            else
                grep -vxF -e "$line" -- "$file"
            fi
            # Nothing may be left, which grep tells with 1.
            [ "$?" -lt 2 ]
            ;;
    esac
}

todo=$(decide) || exit
if [ "$what" = look ]; then
    echo "$todo"
    exit
fi
case $todo in
    same | missing) exit ;;
esac
folder=${file%/*}/
new=$(mktemp "$folder.runsheet.XXXXXX") || exit
trap 'rm -f -- "$new"' EXIT
trap 'exit 1' HUP INT TERM
if [ "$todo" = create ]; then
    chmod -- "$mode" "$new" || exit
else
    # With all that can be kept: GNU knows more of that than others.
    cp --preserve=all -- "$file" "$new" 2>/dev/null || cp -p -- "$file" "$new" || exit
    owner() {
        ls -nd -- "$1" | awk '{ print $3 ":" $4 }'
    }
    [ "$(owner "$file")" = "$(owner "$new")" ] || fail "only root can replace \`$file\`, which belongs to another user or group"
fi
new_text $todo >"$new" || fail "failed to write the new text beside \`$file\`"
mv -f -- "$new" "$file"
