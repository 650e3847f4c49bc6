# $1: state, start, stop, restart or reload; $2: the name of the service.
# `state` says first who knows, `systemd` or `script`, and then in its own words what it knows.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
action=$1
name=$2

has_script() {
    case $name in
        */*) return 1 ;;
        *) [ -x "/etc/init.d/$name" ] ;;
    esac
}

# The folder tells that systemd runs the host, sd_booted(3); the program alone is also in many containers.
if [ -d /run/systemd/system ]; then
    if [ "$action" = state ]; then
        echo systemd
        systemctl show --property=LoadState --property=ActiveState --property=Type -- "$name"
        exit
    fi
    if detached systemctl --no-ask-password "$action" -- "$name"; then
        exit
    else
        code=$?
    fi
    echo
    systemctl status --no-pager --full --lines=10 -- "$name" 2>&1
    exit "$code"
elif command -v service >/dev/null 2>&1; then
    set -- service "$name"
elif has_script; then
    set -- "/etc/init.d/$name"
else
    printf 'no systemd, no `service` and no `/etc/init.d/%s` on the host\n' "$name" >&2
    exit 127
fi

if [ "$action" = state ]; then
    echo script
    "$@" status 2>&1 </dev/null
else
    detached "$@" "$action"
fi
