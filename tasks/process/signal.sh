# look NAME PIDFILE USER: says `PID START` of each process that is meant, a line each; START are ticks of the kernel.
# send SIGNAL PID START...: sends it to each of them that is still the same process; says how many.
# left PID START...: says those of them that are still there.
# NAME is the whole name of the program, PIDFILE a file with its number; the one that is not given is empty, as USER may be.
what=$1
shift

complain() {
    printf '%s\n' "$1" >&2
    exit "${2:-1}"
}

[ -r /proc/self/stat ] || complain 'the host shows no processes in /proc' 77

# When process $1 was started (proc_pid_stat(5), field 22); nothing if it has ended.
started() {
    sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | awk 'END { if ($1 != "Z" && $1 != "X") print $20 }'
}

# Our own shell and all that it came from.
ours() {
    pid=$$
    while [ "${pid:-0}" -gt 1 ]; do
        printf ' %s ' "$pid"
        pid=$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | awk 'END { print $2 }')
    done
}

# The name as the kernel has it is cut after 15 bytes; a longer one is that of the program file, or of the first word.
is_called() {
    IFS= read -r short <"/proc/$1/comm" || return
    [ "$short" != "$2" ] || return 0
    case $2 in
        "$short"?*) [ "${#short}" -eq 15 ] || return ;;
        *) return 1 ;;
    esac
    program=$(readlink "/proc/$1/exe" 2>/dev/null)
    program=${program% (deleted)}
    first=$(tr '\0' '\n' <"/proc/$1/cmdline" 2>/dev/null | head -n 1)
    [ "${program##*/}" = "$2" ] || [ "${first##*/}" = "$2" ]
}

tell() {
    start=$(started "$1")
    [ -z "$start" ] || echo "$1 $start"
}

look() {
    name=$1 pidfile=$2 user=$3
    if [ -n "$user" ]; then
        uid=$(id -u -- "$user" 2>/dev/null) || complain "there is no user \`$user\`"
    fi
    ours=$(ours)
    if [ -n "$pidfile" ]; then
        [ -e "$pidfile" ] || return 0
        [ -r "$pidfile" ] && [ -f "$pidfile" ] || complain "\`$pidfile\` cannot be read"
        pids=$(head -c 64 -- "$pidfile" | head -n 1 | tr -d ' \t\r')
        case $pids in
            '' | *[!0-9]* | 0* | ???????????*) complain "\`$pidfile\` holds no number of a process" ;;
        esac
        [ "$pids" != 1 ] || complain "\`$pidfile\` means process 1, which gets no signals from here"
        case $ours in
            *" $pids "*) complain "\`$pidfile\` means process $pids, which is at work for us" ;;
        esac
    else
        pids=$(cd /proc && ls -d [0-9]*)
    fi
    for pid in $pids; do
        case $ours in
            *" $pid "*) continue ;;
        esac
        [ "$pid" != 1 ] || continue
        [ -z "$name" ] || is_called "$pid" "$name" 2>/dev/null || continue
        if [ -n "$user" ]; then
            owner=$(awk '$1 == "Uid:" { print $3 }' "/proc/$pid/status" 2>/dev/null)
            if [ "$owner" != "$uid" ]; then
                [ -z "$pidfile" ] || [ -z "$owner" ] || complain "process $pid of \`$pidfile\` does not belong to \`$user\`"
                continue
            fi
        fi
        tell "$pid"
    done
    return 0
}

send() {
    signal=$1
    shift
    sent=0
    while [ $# -ge 2 ]; do
        # A number can be somebody else's by now.
        if [ "$(started "$1")" = "$2" ]; then
            if said=$(kill -s "$signal" "$1" 2>&1); then
                sent=$((sent + 1))
            elif [ -n "$(started "$1")" ]; then
                complain "process $1 got no signal, $sent others did: ${said##*: }"
            fi
        fi
        shift 2
    done
    echo "$sent"
}

# Whether they are there: those that still are the same, in the words of look.
left() {
    while [ $# -ge 2 ]; do
        [ "$(started "$1")" != "$2" ] || echo "$1 $2"
        shift 2
    done
}

case $what in
    look) look "$@" ;;
    send) send "$@" ;;
    left) left "$@" ;;
esac
