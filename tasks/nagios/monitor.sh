# $1: look STATUS_FILE OBJECTS_FILE host|hostgroup NAME hosts|all, or tell COMMAND_FILE COMMAND...
#
# `look` says, of services only where it is asked for all, and with tabs between the words:
#   now SECONDS
#   nagios running|stopped
#   host NAME STATE ACKNOWLEDGED NOTIFICATIONS CHECKS
#   service HOST SERVICE STATE ACKNOWLEDGED NOTIFICATIONS CHECKS
#   downtime ID HOST SERVICE START END AUTHOR COMMENT    (SERVICE is empty for the host itself)
#   end
complain() {
    printf '%s\n' "$1" >&2
    exit 3
}

# A folder on the way that nobody lets us into hides what is in it.
entered() {
    case ${1%/*} in
        '' | "$1") ;;
        *)
            entered "${1%/*}"
            [ ! -d "${1%/*}" ] || [ -x "${1%/*}" ] || complain "no right to enter ${1%/*}"
            ;;
    esac
}

readable() {
    entered "$1"
    [ -e "$1" ] || complain "there is no $2 $1"
    [ -r "$1" ] || complain "no right to read the $2 $1"
}

# A name on each line.
members() {
    # Values reach awk by its environment: it would read backslashes in the values of -v.
    NAME=$2 awk '
        function value(line) {
            sub(/^[ \t]*[^ \t]+[ \t]*/, "", line)
            return line
        }
        /^define hostgroup / { inside = 1; name = ""; list = ""; next }
        inside && $1 == "hostgroup_name" { name = value($0) }
        inside && $1 == "members" { list = value($0) }
        inside && $1 == "}" {
            inside = 0
            if (name == ENVIRON["NAME"]) {
                found = 1
                count = split(list, hosts, ",")
                for (i = 1; i <= count; i++) print hosts[i]
            }
        }
        END { if (!found) exit 5 }' "$1"
}

running() {
    pid=$(awk '
        /^programstatus / { inside = 1 }
        inside && sub(/^[ \t]*nagios_pid=/, "") { print; exit }' "$1")
    case $pid in
        '' | *[!0-9]*) echo stopped ;;
        *)
            case $(kill -0 "$pid" 2>&1) in
                '' | *permitted*) echo running ;;
                *) echo stopped ;;
            esac
            ;;
    esac
}

look() {
    readable "$1" 'status file'
    if [ "$3" = hostgroup ]; then
        readable "$2" 'objects file'
        hosts=$(members "$2" "$4") || complain "Nagios has no hostgroup $4"
    else
        hosts=$4
    fi
    printf 'now\t%s\nnagios\t%s\n' "$(date +%s)" "$(running "$1")"
    HOSTS=$hosts WHAT=$5 awk '
        BEGIN {
            count = split(ENVIRON["HOSTS"], list, "\n")
            for (i = 1; i <= count; i++) wanted[list[i]] = 1
        }
        /^[a-z]+ \{/ { kind = $1; split("", field); next }
        $1 == "}" {
            host = field["host_name"]
            if (host in wanted) {
                state = field["current_state"] "\t" field["problem_has_been_acknowledged"] "\t" \
                    field["notifications_enabled"] "\t" field["active_checks_enabled"]
                if (kind == "hoststatus")
                    print "host\t" host "\t" state
                else if (kind == "servicestatus")
                    print "service\t" host "\t" field["service_description"] "\t" state
                else if (kind == "hostdowntime" || kind == "servicedowntime")
                    print "downtime\t" field["downtime_id"] "\t" host "\t" field["service_description"] "\t" \
                        field["start_time"] "\t" field["end_time"] "\t" field["author"] "\t" field["comment"]
            }
            kind = ""
            next
        }
        kind ~ /^service/ && ENVIRON["WHAT"] != "all" { next }
        kind ~ /^(host|service)(status|downtime)$/ {
            line = $0
            sub(/^[ \t]+/, "", line)
            at = index(line, "=")
            value = substr(line, at + 1)
            gsub(/\t/, " ", value)
            field[substr(line, 1, at - 1)] = value
        }' "$1"
    echo end
}

write_all() {
    for command; do
        printf '%s\n' "$command"
    done
}

tell() {
    file=$1
    shift
    entered "$file"
    [ -p "$file" ] || complain "there is no command file $file: Nagios does not run, or takes no external commands (check_external_commands)"
    [ -w "$file" ] || complain "no right to write to the command file $file"
    # It is a pipe. Without a Nagios that reads it, nobody could open it for writing, and we would wait for ever.
    write_all "$@" >"$file" &
    writer=$!
    (
        trap 'kill "$nap"; exit' TERM
        sleep 10 &
        nap=$!
        wait "$nap"
        kill "$writer"
    ) >/dev/null 2>&1 </dev/null &
    watch=$!
    # The shell itself would say on standard error that the writer was ended.
    {
        wait "$writer"
        code=$?
    } 2>/dev/null
    if [ "$code" -gt 128 ]; then
        complain "Nagios does not run: nobody reads its command file $file"
    fi
    kill "$watch" 2>/dev/null
    return "$code"
}

action=$1
shift
"$action" "$@"
