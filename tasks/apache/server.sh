# $1: state, configtest, start, stop, restart or graceful.
# `state` says `running MASTER WRITTEN CHILD...` or `stopped`; where it cannot tell, it complains and fails. WRITTEN is another
# word each time apache has read its configuration: it then writes the file with the number of its master anew.
cannot_tell() {
    printf '%s\n' "$1" >&2
    exit 4
}

state() {
    file=$(pid_file)
    if [ -z "$file" ]; then
        cannot_tell "$("$control" -t -D DUMP_RUN_CFG 2>&1 </dev/null)"
    fi
    if [ -d "${file%/*}" ] && [ ! -x "${file%/*}" ]; then
        cannot_tell "${file%/*}: permission denied"
    fi
    master=$(cat -- "$file" 2>/dev/null)
    case $master in
        '' | *[!0-9]*)
            echo stopped
            return
            ;;
    esac
    written=$(stat -c %i/%y -- "$file" 2>/dev/null || stat -f %i/%Fm -- "$file" 2>/dev/null)
    written=$(printf %s "${written:--}" | tr ' ' _)
    # The number may be a leftover that belongs to something else by now, hence the look at the name.
    # What has ended and was not yet fetched by its parent (state Z) is gone.
    if has ps && ps -A -o pid= -o stat= >/dev/null 2>&1; then
        found=$(ps -A -o pid= -o ppid= -o stat= -o comm= | awk -v master="$master" -v written="$written" '
            $3 ~ /^Z/ { next }
            $1 == master { seen = 1; apache = $4 ~ /httpd|apache/ }
            $2 == master { children = children " " $1 }
            END { if (apache) print "running", master, written children; else if (seen) print "stopped" }')
    else
        case $(sed -n 's/^Name:\(.*\)/\1/p; s/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$master/status" 2>/dev/null) in
            *Z) found=stopped ;;
            *httpd* | *apache*) found="running $master $written $(cat "/proc/$master/task/$master/children" 2>/dev/null)" ;;
            *) found= ;;
        esac
    fi
    if [ -n "$found" ]; then
        echo "$found"
        return
    fi
    # A host can hide the processes of others (proc(5), hidepid); a signal that is not permitted still tells of them.
    case $(LC_ALL=C kill -0 "$master" 2>&1) in
        *permitted*) cannot_tell "process $master is hidden from this user" ;;
        *) echo stopped ;;
    esac
}

case $control/$1 in
    */state) state ;;
    */configtest) configtest ;;
    httpd/*) detached httpd -k "$1" ;;
    *) detached "$control" "$1" ;;
esac
