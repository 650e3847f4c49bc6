# Runs a command once, and leaves a receipt of its beginning and its end.
#
#   sh -c SCRIPT sh NAME SHELL COMMAND
#
# The folder NAME is made in one step, so whoever finds it there knows that somebody was before: 97, and nothing was run. It holds
# `begun` (process, its start time, boot id) and, once the command has ended, `rc`. A folder that cannot be made: 96, and nothing was run.
receipts=${XDG_STATE_HOME:-$HOME/.local/state}/runsheet/receipts
mask=$(umask)
umask 077
mkdir -p -- "$receipts" || exit 96
find "$receipts" -mindepth 1 -maxdepth 1 -type d -mtime +7 -exec rm -rf -- {} + 2>/dev/null
if ! mkdir -- "$receipts/$1" 2>/dev/null; then
    if [ -d "$receipts/$1" ]; then
        echo "it was begun already; nothing was run" >&2
        exit 97
    fi
    echo "no receipt can be written to $receipts; nothing was run" >&2
    exit 96
fi
start=$(sed 's/.*) //' "/proc/$$/stat" 2>/dev/null | cut -d ' ' -f 20)
boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)
printf '%s %s %s\n' "$$" "${start:-0}" "${boot:-unknown}" >"$receipts/$1/begun"
umask "$mask"
"$2" -c "$3"
rc=$?
umask 077
printf '%s\n' "$rc" >"$receipts/$1/rc.tmp" && mv -- "$receipts/$1/rc.tmp" "$receipts/$1/rc"
exit "$rc"
