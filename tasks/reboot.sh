# needed: says `yes` or `no`. able: fails if we cannot start the host anew. reboot: has it started anew in 2 s.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
what=$1

has() {
    command -v "$1" >/dev/null 2>&1
}

complain() {
    printf '%s\n' "$1" >&2
    exit "${2:-1}"
}

needed() {
    if [ -e /run/reboot-required ] || [ -e /var/run/reboot-required ]; then
        echo yes
    elif has needs-restarting; then
        # It ends with 1 for yes, and with other numbers than 0 if it cannot tell (dnf-utils, yum-utils).
        said=$(needs-restarting -r 2>&1)
        case $? in
            0) echo no ;;
            1) echo yes ;;
            *) complain "needs-restarting cannot tell: $said" ;;
        esac
    elif [ -e /etc/debian_version ]; then
        echo no
    else
        complain 'the host has no way to tell: `needs-restarting` is not installed (package dnf-utils or yum-utils)' 127
    fi
}

way() {
    if [ -d /run/systemd/system ] && has systemctl; then
        echo 'systemctl reboot'
    elif has reboot; then
        echo reboot
    elif has shutdown; then
        echo 'shutdown -r now'
    else
        complain 'none of `systemctl`, `reboot` and `shutdown` can be used on the host' 127
    fi
}

case $what in
    needed) needed ;;
    able)
        [ "$(id -u)" = 0 ] || complain 'only root can start the host anew: the step needs `sudo`' 77
        way >/dev/null
        ;;
    reboot)
        way=$(way) || exit
        # It outlives us and our terminal, and holds none of our output open: so our own end is told first.
        (trap '' HUP && sleep 2 && exec $way) </dev/null >/dev/null 2>&1 &
        ;;
esac
