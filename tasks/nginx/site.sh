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

# Whether a worker is older than the last change of what is enabled.
is_behind() {
    # Where the host tells both to the hundredth of a second.
    changed=$(stat -c %.Y -- "$folder/sites-enabled" 2>/dev/null)
    now=$(date +%s.%N)
    case $changed/$now in
        [0-9]*.[0-9]*/[0-9]*.[0-9]*)
            if read -r up _ 2>/dev/null </proc/uptime; then
                hz=$(getconf CLK_TCK 2>/dev/null || echo 100)
                workers | while read -r pid; do
                    # The name of a program may hold anything, so what follows its last `)` is counted (proc(5)).
                    started=$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -d ' ' -f 20)
                    printf '%s\n' "${started:-gone}"
                done | awk -v up="$up" -v now="$now" -v changed="$changed" -v hz="$hz" '
                    # Started in the same moment, it has read it: a test of the configuration lies between.
                    /^[0-9]+$/ && up - $1 / hz > now - changed + 0.05 { behind = 1 }
                    END { exit !behind }'
                return
            fi
            ;;
    esac
    # Else in whole seconds: what happened in the same ones counts as read.
    changed=$(stat -c %Y -- "$folder/sites-enabled" 2>/dev/null || stat -f %m -- "$folder/sites-enabled" 2>/dev/null)
    age=$(($(date +%s) - ${changed:-0} + 1))
    ps -A -o etimes= -o args= 2>/dev/null | awk -v age="$age" '
        /nginx: worker process/ && !/is shutting down/ && $1 > age { behind = 1 }
        END { exit !behind }'
}

# The process ids of the workers that take requests.
workers() {
    ps -A -o pid= -o args= 2>/dev/null | awk '/nginx: worker process/ && !/is shutting down/ { print $1 }'
}

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
    if is_behind; then
        echo "$state behind"
    else
        echo "$state since"
    fi
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
