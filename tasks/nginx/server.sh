# $1: state, refused, configtest, start, stop or reload.
# `state` says `running MASTER LOG NEW... - OLD...` or `stopped`: the bytes of the error log, the workers, and those that are shutting
# down; where it cannot tell, it complains and fails. `refused MASTER FROM` says what the master complained of in its error log after
# that byte.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/nginx/sbin:/usr/local/openresty/nginx/sbin

has() {
    command -v "$1" >/dev/null 2>&1
}

cannot_tell() {
    printf '%s\n' "$1" >&2
    exit 4
}

built_with() {
    nginx -V 2>&1 | tr ' ' '\n' | sed -n "s/^--$1=//p"
}

# The value of a directive outside of all blocks, else what nginx was built with.
directive() {
    # Words in braces are inside a block; -T says the files one after the other, each with as many closed as opened.
    found=$(printf '%s\n' "$config" | sed 's/^[[:space:]]*#.*//; s/[[:space:]]#.*//' | tr '\n' ' ' | sed 's/[;{}]/&\
/g' | awk -v name="$1" '
        /;$/ && depth == 0 && $1 == name { value = $2; sub(/;$/, "", value) }
        /[{]$/ { depth++ }
        /[}]$/ { depth-- }
        END { print value }' | tr -d "\"'")
    found=${found:-$(built_with "$2")}
    case $found in
        '' | /* | stderr | syslog:*) ;;
        *) found=$(built_with prefix)/$found ;;
    esac
    printf '%s\n' "$found"
}

read_config() {
    config=$(nginx -T 2>/dev/null </dev/null) || cannot_tell "$(nginx -t 2>&1 </dev/null)"
}

log_file() {
    file=$(directive error_log error-log-path)
    [ -f "$file" ] && printf '%s\n' "$file"
}

state() {
    read_config
    file=$(directive pid pid-path)
    log=$(log_file)
    master=$(cat -- "$file" 2>/dev/null)
    case $master in
        '' | *[!0-9]*)
            echo stopped
            return
            ;;
    esac
    # The number may be a leftover that belongs to something else by now, hence the look at the name.
    ps -A -o pid= -o ppid= -o stat= -o args= | awk -v master="$master" -v log_bytes="$(($(wc -c <"${log:-/dev/null}")))" '
        $3 ~ /^Z/ { next }
        $1 == master { nginx = /nginx/ }
        $2 == master && /worker process is shutting down/ { old = old " " $1; next }
        $2 == master && /worker process/ { new = new " " $1 }
        END { if (nginx) print "running " master " " log_bytes new " -" old; else print "stopped" }'
}

if ! has nginx; then
    echo '`nginx` is not installed on the host' >&2
    exit 127
fi

# Where systemd runs the host it has to know of what is started and stopped. The folder tells, sd_booted(3).
by_systemd() {
    [ -d /run/systemd/system ] && systemctl cat -- nginx.service >/dev/null 2>&1
}

case $1 in
    state)
        has ps || cannot_tell '`ps` is not installed on the host'
        state
        ;;
    refused)
        read_config
        log=$(log_file)
        [ -z "$log" ] || tail -c "+$(($3 + 1))" -- "$log" | grep -F "[emerg] $2#" | head -c 4096
        ;;
    configtest) nginx -t </dev/null ;;
    *)
        if by_systemd; then
            detached systemctl --no-ask-password "$1" -- nginx.service
        else
            case $1 in
                start) detached nginx ;;
                *) detached nginx -s "$1" ;;
            esac
        fi
        ;;
esac
