# look KEY FILE LINE VALUE: says `live` or `other`, what the kernel has, and whether the file is the line alone: `kept` or `not-kept`,
# a line each. set KEY FILE LINE VALUE: makes both so.
what=$1 key=$2 file=$3 line=$4 value=$5
# A dot in the name of an interface is written as `/` (sysctl(8)).
entry=/proc/sys/$(printf %s "$key" | tr './' '/.')

complain() {
    printf '%s\n' "$1" >&2
    exit "${2:-1}"
}

# The kernel separates the numbers of one setting by tabs.
one_line() {
    tr -s ' \t\n' '   ' | sed 's/^ //; s/ $//'
}

[ -f "$entry" ] || complain "the kernel has no setting \`$key\`"
[ ! -L "$file" ] || complain "\`$file\` is a link, which is not followed"

case $what in
    look)
        found=$(cat -- "$entry" 2>/dev/null) || complain "\`$key\` cannot be read: permission denied"
        found=$(printf '%s\n' "$found" | one_line)
        if [ "$found" = "$(printf '%s\n' "$value" | one_line)" ]; then echo live; else echo other; fi
        printf '%s\n' "$found"
        if [ -z "$line" ] || printf '%s\n' "$line" | cmp -s - "$file"; then echo kept; else echo not-kept; fi
        ;;
    set)
        found=$(cat -- "$entry" | one_line)
        if [ "$found" != "$(printf '%s\n' "$value" | one_line)" ]; then
            said=$( (printf '%s\n' "$value" >"$entry") 2>&1 ) || complain "the kernel does not take \`$value\` for \`$key\`: ${said##*: }"
        fi
        if [ -n "$line" ] && ! printf '%s\n' "$line" | cmp -s - "$file"; then
            # The name does not end with .conf: nobody reads half of it.
            new=$(mktemp "${file%/*}/.runsheet.XXXXXX") || exit
            trap 'rm -f -- "$new"' EXIT
            trap 'exit 1' HUP INT TERM
            printf '%s\n' "$line" >"$new" && chmod 0644 -- "$new" && mv -f -- "$new" "$file"
        fi
        ;;
esac
