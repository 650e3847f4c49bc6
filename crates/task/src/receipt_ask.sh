# Tells what became of a command that was to leave a receipt, and waits for its end for so many seconds.
#
#   sh -c SCRIPT sh NAME SECONDS
#
# Prints `ended RC`, `never`, `running` or `died`. Where there is no receipt, its folder is made here: what has not begun cannot
# begin any more.
receipts=${XDG_STATE_HOME:-$HOME/.local/state}/runsheet/receipts
umask 077
mkdir -p -- "$receipts" || exit 96
if mkdir -- "$receipts/$1" 2>/dev/null; then
    echo never
    exit 0
fi
[ -d "$receipts/$1" ] || exit 96
begun=0
waited=0
while :; do
    if [ -f "$receipts/$1/rc" ]; then
        read -r rc <"$receipts/$1/rc"
        echo "ended $rc"
        exit 0
    fi
    if [ "$begun" -gt 2 ]; then
        echo died
        exit 0
    fi
    alive=
    if read -r pid start boot 2>/dev/null <"$receipts/$1/begun"; then
        now=$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -d ' ' -f 20)
        here=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)
        if [ "${here:-unknown}" = "$boot" ] && kill -0 "$pid" 2>/dev/null && [ "${now:-0}" = "$start" ]; then
            alive=yes
        fi
    fi
    # Who is not alive may have written its end a moment ago, or not yet its beginning.
    [ -n "$alive" ] && begun=0 || begun=$((begun + 1))
    if [ -n "$alive" ] && [ "$waited" -ge "$2" ]; then
        echo running
        exit 0
    fi
    sleep 1
    waited=$((waited + 1))
done
