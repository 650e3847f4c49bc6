# Ends the processes of one command and says what is left of them: they are asked by TERM, then made to by KILL.
#
# $1  a word before the answer, by which it is told from what a login shell prints
# $2  the process that leads them: the login shell that the command was given to
# $3  when that started, in the kernel's own ticks, or 0 if that is not known
# $4  how long they have after TERM, $5 after KILL, in tenths of a second; 0 0 only looks
#
# Answers: `ended`, `alive`, or `blind` where that cannot be seen. $text is this text.
word=$1 leader=$2 born=$3 asked=$4 killed=$5
known=' '

answer() {
    echo "$word $1"
    exit 0
}

as_root() {
    [ "$(id -u)" != 0 ] || return 0
    for become in sudo doas; do
        if "$become" -n true 2>/dev/null; then
            printf '%s\n' "$text" |
                "$become" -n sh -c 'text=$(cat); eval "$text"' sh "$word" "$leader" "$born" "$asked" "$killed"
            exit 0
        fi
    done
}

# Sets $live: the processes of the leader's session and group, and what these have started, those known before included;
# $outside: those of them that a signal to the group does not reach. A process that only waits for its end to be noted is
# not alive. A name may hold anything, line breaks too.
look() {
    table='' live='' outside='' changed=1
    for stat in /proc/[0-9]*/stat; do
        line=''
        while read -r part; do line="$line $part"; done <"$stat"
        number=${stat#/proc/}
        set -- ${line##*) }
        case $1 in '' | Z | X) ;; *) table="$table ${number%/stat}:$2:$3:$4:${20}" ;; esac
    done 2>/dev/null
    while [ $changed = 1 ]; do
        changed=0
        for row in $table; do
            number=${row%%:*} row=${row#*:}
            parent=${row%%:*} row=${row#*:}
            group=${row%%:*} row=${row#*:}
            session=${row%%:*} start=${row#*:}
            # A number is given away again only when no group and no session has it: then nothing of the command is left.
            [ "$number" = "$leader" ] && [ "$born" != 0 ] && [ "$start" != "$born" ] && answer ended
            case $known in *" $number:$start "*) continue ;; esac
            case " $leader $leader " in
            *" $number "* | *" $group "* | *" $session "*) ;;
            *) case $known in *" $parent:"*) ;; *) continue ;; esac ;;
            esac
            known="$known$number:$start " changed=1
        done
    done
    for row in $table; do
        number=${row%%:*} start=${row##*:}
        case $known in *" $number:$start "*) ;; *) continue ;; esac
        live="$live $number"
        row=${row#*:} row=${row#*:}
        [ "${row%%:*}" = "$leader" ] || outside="$outside $number"
    done
    [ -n "$live" ] || answer ended
}

# One signal to each: a second one may mean something else to a program.
send() {
    [ "$live" = "$outside" ] || kill -s "$1" -- "-$leader"
    for number in $outside; do kill -s "$1" "$number"; done
} 2>/dev/null

# Processes of others may be hidden (`hidepid`), or there is no /proc at all.
if ! [ -r /proc/1/stat ]; then
    as_root
    answer blind
fi
look
for number in $live; do
    kill -0 "$number" 2>/dev/null || ! [ -r "/proc/$number/stat" ] || as_root
done
[ "$asked" = 0 ] || send TERM
while [ "$asked" -gt 0 ]; do
    sleep 0.1 2>/dev/null || sleep 1
    look
    asked=$((asked - 1))
done
while [ "$killed" -gt 0 ]; do
    send KILL
    sleep 0.1 2>/dev/null || sleep 1
    look
    killed=$((killed - 1))
done
answer alive
