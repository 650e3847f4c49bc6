# Changes in the folder $root, one at a time. What is left of attempts that were broken off is cleared away first.
lock=$root/releases/.lock
work=$root/releases/.deploy-$key
archive=
cleared=
boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null) || boot=-
machine=$(uname -n)
who=$(printf %s "${SUDO_USER:-${DOAS_USER:-$(id -un)}}" | tr -cd 'A-Za-z0-9._@-')
who=${who:-$(id -u)}

remove() {
    rm -rf -- "$1" 2>/dev/null || {
        # A folder that its owner may not write.
        chmod -R u+rwX -- "$1" 2>/dev/null
        rm -rf -- "$1"
    }
}

# Says when process $1 was started, in ticks of the kernel (proc_pid_stat(5), field 22); nothing if it has ended, `-` if nobody tells.
started() {
    if [ -r /proc/self/stat ]; then
        sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | awk '$1 != "Z" && $1 != "X" { print $20 }'
    else
        echo -
    fi
}

# Whether the owner of a lock may still be at work: process $1, started at $2, of the boot $3 of the machine $4.
may_live() {
    # Another machine that has the same folder cannot be looked at.
    [ "$4" = "$machine" ] || return 0
    [ "$3" = "$boot" ] || return 1
    if [ -r "/proc/$1/stat" ]; then
        [ "$(started "$1")" = "$2" ]
        return
    fi
    # A host can hide the processes of others (proc(5), hidepid); a signal that is not permitted still tells of them.
    case $(LC_ALL=C kill -0 "$1" 2>&1) in
        '' | *permitted*) return 0 ;;
        *) return 1 ;;
    esac
}

# A link is made with its text or not at all, and its text names the owner. Only one at a time may take away that of somebody who
# is gone, and looks again before: else the second would take away the lock of the first.
take_lock() {
    mine="$$ $(started $$) $boot $machine $(now) $who $id"
    for try in 1 2 3 4 5; do
        if ln -sn -- "$mine" "$lock" 2>/dev/null; then
            [ "$(readlink -- "$lock")" = "$mine" ] && return
            # A folder has that name, and the link is in it.
            rm -f -- "$lock/$mine"
            complain "$lock is no lock of ours"
        fi
        if ! held=$(readlink -- "$lock"); then
            [ -w "$root/releases" ] || complain "$root/releases: permission denied"
            continue
        fi
        set -- $held
        [ $# -eq 7 ] || complain "$lock is no lock of ours"
        if may_live "$@"; then
            printf 'busy %s %s %s %s %s\n' "$1" "$4" "$5" "$6" "$7"
            # What was sent is still wanted.
            trap - EXIT
            exit 75
        fi
        if mkdir -- "$lock.break" 2>/dev/null; then
            if [ "$(readlink -- "$lock")" = "$held" ]; then
                rm -f -- "$lock"
                cleared=yes
            fi
            rmdir -- "$lock.break"
        else
            sleep 1
        fi
    done
    complain "the lock $lock cannot be taken; if nobody deploys here, remove it and $lock.break"
}

leave() {
    code=$?
    trap - EXIT
    remove "$work"
    if [ -n "$archive" ]; then
        rm -f -- "$archive"
    fi
    rm -f -- "$root/.runsheet-$key"
    if [ "$(readlink -- "$lock" 2>/dev/null)" = "$mine" ]; then
        rm -f -- "$lock"
    fi
    exit "$code"
}

# What an attempt leaves that was broken off. One that waits has no more than what was sent to it: that goes after a day.
clear_leftovers() {
    set +f
    for left in "$root"/releases/.deploy-*; do
        if [ "$left" = "$work" ] || ! [ -d "$left" ]; then
            continue
        fi
        if [ -e "$left/at-work" ] || [ -n "$(find "$left" -prune -mmin +1440 2>/dev/null)" ]; then
            remove "$left"
            cleared=yes
        fi
    done
    rm -f -- "$root"/.runsheet-*
    set -f
    line=$(missing_line)
    if [ -n "$line" ]; then
        printf '%s\n' "$line" >>"$log" || complain "$log cannot be written"
    fi
    if [ -e "$switching" ]; then
        rm -f -- "$switching"
        cleared=yes
    fi
}

# Has the folder for this attempt alone, until its end.
begin() {
    mine=
    trap leave EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    take_lock
    clear_leftovers
    mkdir -p -- "$work" && : >"$work/at-work" || complain "$work cannot be made"
}

# rename(2): whatever stands at $2 is replaced at once, and never entered. `mv` has a word for that here, and another one on BSD.
rename() {
    mv -fT -- "$1" "$2" 2>/dev/null || mv -fh -- "$1" "$2" 2>/dev/null || {
        if has perl; then
            perl -e 'rename($ARGV[0], $ARGV[1]) or die "$ARGV[1]: $!\n"' -- "$1" "$2"
        elif has python3; then
            python3 -c 'import os, sys; os.rename(sys.argv[1], sys.argv[2])' "$1" "$2"
        else
            mv -fT -- "$1" "$2"
        fi
    }
}

# Makes release $1, made of $2, the current one, and writes in the log that it was $3. The line is laid down before and cleared
# away after: whoever comes next writes it, if we were stopped between the two.
switch_to() {
    line="$(now) $3 $1 $2 after $(current) run $id by $who"
    printf '%s\n' "$line" >"$work/line" && mv -f -- "$work/line" "$switching" || complain "$switching cannot be written"
    sync -f "$root/releases/$1" 2>/dev/null || sync
    ln -s -- "releases/$1" "$root/.runsheet-$key" && rename "$root/.runsheet-$key" "$root/current" ||
        complain '`current` cannot be switched'
    [ "$(current)" = "$1" ] || complain '`current` was not switched'
    printf '%s\n' "$line" >>"$log" || complain "\`current\` leads to \`$1\` now, but $log cannot be written"
    rm -f -- "$switching"
}

# Removes the releases on standard input, and says so: `removed NAME` or `stuck NAME` a line. One that is being removed has no name
# any more by which it could be taken for a whole one.
remove_releases() {
    while read -r old; do
        if rename "$root/releases/$old" "$work/$old" 2>/dev/null && remove "$work/$old" 2>/dev/null; then
            echo "removed $old"
        else
            echo "stuck $old"
        fi
    done
}
