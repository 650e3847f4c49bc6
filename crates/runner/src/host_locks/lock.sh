# Takes, keeps or ends the lock of a run on this host. It is a folder, which only one can make; in it stands who made it, and its time
# of modification says when it was last renewed, by the clock of this host.
#
# Arguments: `take`, `keep` or `end`; the run; the folder in which to make it, or nothing; after how many minutes a lock that nobody
# renewed is stale; who takes it, one line of JSON. The answer is one line, and after `held` and `stuck` a second one.
set -f
umask 077
act=$1 run=$2 folder=$3 stale=$4 holder=$5

say() {
    printf 'runsheet-lock %s\n' "$1"
    exit 0
}

if [ -n "$folder" ]; then
    case $folder in /*) ;; *) folder=./$folder ;; esac
    [ -d "$folder" ] || say "failed there is no folder $folder"
    lock=$folder/runsheet.lock
else
    lock=$HOME/.runsheet-$(uname -n).lock
    for base in /run/lock /var/lock; do
        if [ -d "$base" ] && [ -w "$base" ]; then
            lock=$base/runsheet.lock
            break
        fi
    done
fi

owner() {
    sed -n 1p "$lock/owner" 2>/dev/null
}

# What somebody else made is neither read nor written, and a link is not followed.
check_mine() {
    [ -h "$lock" ] && say "failed $lock is a symbolic link"
    listed=$(ls -ldn "$lock" 2>/dev/null) || return 1
    set -- $listed
    [ "$3" = "$(id -u)" ] && return 0
    set -- $(ls -ld "$lock")
    say "foreign $3"
}

# Says who it is that holds it.
held() {
    printf 'runsheet-lock %s\n' "${1:-held}"
    sed -n 2p "$lock/owner" 2>/dev/null
    exit 0
}

# Fails if somebody else stands there already.
sign() {
    (set -C && printf '%s\n%s\n' "$run" "$holder" >"$lock/owner") 2>/dev/null
}

# One that is stale gets a new owner, in its place: two who want that cannot both make this folder in it, and whoever made it looks once
# more whether the owner is still the one that was seen to be stale.
take_over() {
    before=$1
    mkdir "$lock/taking-over" 2>/dev/null || held stuck
    taken=
    if [ "$(owner)" = "$before" ]; then
        if [ -e "$lock/owner" ]; then
            printf '%s\n%s\n' "$run" "$holder" >"$lock/owner.new" && mv -f "$lock/owner.new" "$lock/owner" && taken=yes
        else
            sign && taken=yes
        fi
    fi
    rmdir "$lock/taking-over"
    [ -n "$taken" ] && say taken
    held
}

case $act in
take)
    for attempt in 1 2 3; do
        if why=$(mkdir "$lock" 2>&1); then
            sign && say mine
            case $(owner) in "$run" | '')
                rm -f "$lock/owner"
                rmdir "$lock"
                say "failed nothing can be written to $lock"
                ;;
            esac
        fi
        check_mine || continue
        seen=$(owner)
        if [ "$seen" = "$run" ]; then
            touch -c "$lock"
            say mine
        fi
        [ -n "$(find "$lock" -prune -mmin "+$stale" 2>/dev/null)" ] && take_over "$seen"
        held
    done
    say "failed $why"
    ;;
keep)
    check_mine || say gone
    case $(owner) in
    "$run") touch -c "$lock" && say mine ;;
    '') say gone ;;
    esac
    held
    ;;
end)
    check_mine || say gone
    [ "$(owner)" = "$run" ] || held
    rm -f "$lock/owner" "$lock/owner.new"
    rmdir "$lock/taking-over" 2>/dev/null
    why=$(rmdir "$lock" 2>&1) || say "failed $why"
    say ended
    ;;
esac
say 'failed nobody knows what to do'
