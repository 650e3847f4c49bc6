# $1: look or set; $2: module or site; $3: its name; for `set` also $4: on or off, and $5: keep, if a broken configuration is no reason
# to take it back.
# `look` says whether it is `enabled`, `loose` (a link to nothing), `disabled` or `missing`, and whether a running apache has read its
# configuration `since` it changed, or is `behind`. `set` ends with 3 if it was taken back, with 4 if that failed too, and with 5 if the
# tools for it refuse.
folder=${APACHE_CONFDIR:-/etc/apache2}
markers=${APACHE_STATE_DIRECTORY:-/var/lib/apache2}/$2
name=$3

case $2 in
    module) tool=mod kind=mods end=.load ;;
    *) tool=site kind=sites end=.conf ;;
esac
if ! has "a2en$tool"; then
    printf 'there is no `a2en%s` on the host: it comes with apache on Debian and Ubuntu\n' "$tool" >&2
    exit 127
fi

look() {
    if [ -e "$folder/$kind-enabled/$name$end" ]; then
        state=enabled
    elif [ -h "$folder/$kind-enabled/$name$end" ]; then
        state=loose
    elif [ -e "$folder/$kind-available/$name$end" ]; then
        state=disabled
    else
        state=missing
    fi
    # Apache writes the file with the number of its master each time that it has read its configuration.
    file=$(pid_file)
    if [ -f "$file" ] && [ "$folder/$kind-enabled" -nt "$file" ]; then
        echo "$state behind"
    else
        echo "$state since"
    fi
}

# All links and marks, a line each: its path and where it leads.
inventory() {
    for path in "$folder/$kind-enabled"/* "$markers"/*/*; do
        if [ -h "$path" ]; then
            printf '%s %s\n' "$path" "$(readlink -- "$path")"
        elif [ -f "$path" ]; then
            printf '%s \n' "$path"
        fi
    done
}

take_back() {
    inventory | while IFS= read -r line; do
        case "
$before
" in
            *"
$line
"*) ;;
            *) rm -f -- "${line%% *}" ;;
        esac
    done
    printf '%s\n' "$before" | while IFS= read -r line; do
        path=${line%% *} leads=${line#* }
        if [ -n "$leads" ]; then
            [ -h "$path" ] || ln -s -- "$leads" "$path"
        elif [ -n "$path" ]; then
            [ -e "$path" ] || : >"$path"
        fi
    done
    [ "$(inventory)" = "$before" ]
}

if [ "$1" = look ]; then
    look
    exit
fi
# Once begun it is not left half-way because the connection is lost.
trap '' HUP
before=$(inventory)
case $4 in
    on) "a2en$tool" -q "$name" </dev/null 2>&1 ;;
    *) "a2dis$tool" -q "$name" </dev/null 2>&1 ;;
esac || exit 5
if said=$(configtest 2>&1) || [ "$5" = keep ]; then
    exit 0
fi
printf '%s\n' "$said"
take_back || exit 4
exit 3
