# $1: look or set; $2: the name of the site; for `set` also $3: on or off, and $4: keep, if a broken configuration is no reason to take
# it back.
# `look` says whether it is `enabled`, `foreign` (in use, but no link to what is available), `loose` (a link to nothing), `disabled` or
# `missing`; and `behind` if workers are older than the last change of what is enabled, else `since`. `set` ends with 3 if it was taken
# back, with 4 if that failed too, and with 5 if the link could not be changed.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/nginx/sbin
name=$2
command -v nginx >/dev/null 2>&1 || {
    echo '`nginx` is not installed on the host' >&2
    exit 127
}
folder=$(nginx -V 2>&1 | tr ' ' '\n' | sed -n 's/^--conf-path=\(.*\)\/[^/]*$/\1/p')
folder=${folder:-/etc/nginx}
for path in "$folder/sites-available" "$folder/sites-enabled"; do
    [ -d "$path" ] || {
        printf 'there is no folder %s on the host\n' "$path" >&2
        exit 127
    }
done
available=$folder/sites-available/$name
link=$folder/sites-enabled/$name

look() {
    if [ -e "$link" ]; then
        state=foreign
        [ ! -h "$link" ] || [ ! "$link" -ef "$available" ] || state=enabled
    elif [ -h "$link" ]; then
        state=loose
    elif [ -e "$available" ]; then
        state=disabled
    else
        state=missing
    fi
    # In whole seconds: what happened in the same one counts as read.
    changed=$(stat -c %Y -- "$folder/sites-enabled" 2>/dev/null || stat -f %m -- "$folder/sites-enabled" 2>/dev/null)
    age=$(($(date +%s) - ${changed:-0}))
    ps -A -o etimes= -o args= 2>/dev/null | awk -v age="$age" -v state="$state" '
        /nginx: worker process/ && !/is shutting down/ && $1 > age { behind = 1 }
        END { print state, behind ? "behind" : "since" }'
}

if [ "$1" = look ]; then
    look
    exit
fi
# Once begun it is not left half-way because the connection is lost.
trap '' HUP
leads=$(readlink -- "$link")
if [ "$3" = on ]; then
    # Beside it and renamed, so that it is never missing.
    ln -s -- "$available" "$folder/.runsheet.$$" && mv -f -- "$folder/.runsheet.$$" "$link"
else
    rm -f -- "$link"
fi || {
    rm -f -- "$folder/.runsheet.$$"
    exit 5
}
if said=$(nginx -t 2>&1 </dev/null) || [ "$4" = keep ]; then
    exit 0
fi
printf '%s\n' "$said"
rm -f -- "$link" || exit 4
[ -z "$leads" ] || ln -s -- "$leads" "$link" || exit 4
exit 3
