# $1: what is asked; then its options, in a fixed order; then packages.
#   state NAME...                 says who manages packages, and then NAME|STATUS|VERSION for each, STATUS as dpkg-query(1) abbreviates it
#   versions                      says all that rpm knows to be installed, NAME VERSION a line
#   age                           says how old the lists of packages are, in seconds; nothing if there are none
#   busy                          says who works on the packages, PID and command a line
#   refresh                       fetches the lists of packages
#   plan ACTION RECOMMENDS NAME...      says what apt would do (`Inst ...`, `Remv ...`), where that can be told beforehand
#   do ACTION RECOMMENDS SECONDS NAME... does it
# ACTION is install, upgrade, upgrade-all, remove, purge, hold or unhold.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none

has() {
    command -v "$1" >/dev/null 2>&1
}

if has apt-get && has dpkg-query; then
    manager=apt
elif has dnf; then
    manager=dnf
elif has yum; then
    manager=yum
else
    echo 'none of `apt-get`, `dnf` and `yum` is installed on the host' >&2
    exit 127
fi

apt_state() {
    # A name that fits packages of several architectures gives a line for each.
    dpkg-query -W -f "$1|\${db:Status-Abbrev}|\${Version}\n" -- "$1" 2>/dev/null || echo "$1|un|"
}

rpm_state() {
    if version=$(rpm -q --qf '%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\n' -- "$1" 2>/dev/null); then
        status=ii
        # Only versionlock knows what is held; its lines are NAME-EPOCH:VERSION-RELEASE.*.
        case $locked in
            *"
$1-"[0-9]*) status=hi ;;
        esac
        printf '%s\n' "$version" | tail -n 1 | sed "s/^/$1|$status|/"
    else
        echo "$1|un|"
    fi
}

state() {
    echo "$manager"
    if [ "$manager" != apt ]; then
        locked="
$("$manager" -q versionlock list 2>/dev/null)"
    fi
    for name; do
        case $manager in
            apt) apt_state "$name" ;;
            *) rpm_state "$name" ;;
        esac
    done
}

age() {
    case $manager in
        apt) set -- /var/lib/apt/lists /var/lib/apt/lists/partial /var/lib/apt/periodic/update-success-stamp ;;
        *) set -- /var/cache/dnf/last_makecache /var/cache/yum ;;
    esac
    if [ "$manager" = apt ]; then
        # Without any list it does not matter when somebody was here.
        ls /var/lib/apt/lists/*_Packages* /var/lib/apt/lists/*_InRelease >/dev/null 2>&1 ||
            ls /var/lib/apt/lists | grep -q Packages || return 0
    fi
    newest=$(stat -c %Y -- "$@" 2>/dev/null | sort -n | tail -n 1)
    [ -n "$newest" ] && echo "$(($(date +%s) - newest))"
    return 0
}

# Whoever has one of the locks open and holds some lock: the kernel tells of the latter only inodes, which are others on layered
# file systems.
busy_apt() {
    holders=" $(awk '$2 == "POSIX" { printf "%s ", $5 }' /proc/locks 2>/dev/null)"
    for process in /proc/[0-9]*; do
        case $holders in
            *" ${process#/proc/} "*) ;;
            *) continue ;;
        esac
        for file in "$process"/fd/*; do
            case $(readlink -- "$file" 2>/dev/null) in
                /var/lib/dpkg/lock-frontend | /var/lib/dpkg/lock | /var/lib/apt/lists/lock | /var/cache/apt/archives/lock)
                    tell "${process#/proc/}"
                    break
                    ;;
            esac
        done
    done
}

busy_rpm() {
    for file in /var/run/yum.pid /var/cache/dnf/*_lock.pid /var/lib/dnf/*_lock.pid; do
        process=$(cat -- "$file" 2>/dev/null)
        case $process in
            '' | *[!0-9]*) continue ;;
        esac
        [ -d "/proc/$process" ] && tell "$process"
    done
    return 0
}

tell() {
    printf '%s %s\n' "$1" "$(tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null | head -c 120 | tr -c '[:print:]' ' ')"
}

apt() {
    apt-get -y -q -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
        -o "DPkg::Lock::Timeout=$seconds" "$@"
}

# Of apt's words only those that belong to the action. Nothing is ever removed by installing: that would be another task's part.
apt_words() {
    action=$1 recommends=$2
    shift 2
    case $action in
        install | upgrade) words='--no-remove install' ;;
        upgrade-all) words='--no-remove --with-new-pkgs upgrade' ;;
        *) words=$action ;;
    esac
    [ "$action" != upgrade ] || words="--only-upgrade $words"
    [ "$recommends" = true ] || words="--no-install-recommends $words"
    case "$*" in
        # Whoever names a version means that one, also if it is an older one.
        *=*) words="--allow-downgrades $words" ;;
    esac
}

# The names, with the version as rpm's tools want it.
rpm_run() {
    action=$1
    shift
    count=$#
    while [ "$count" -gt 0 ]; do
        case $1 in
            *=*) set -- "$@" "${1%%=*}-${1#*=}" ;;
            *) set -- "$@" "$1" ;;
        esac
        shift
        count=$((count - 1))
    done
    case $action in
        install) "$manager" -y install -- "$@" ;;
        # What nobody needs any more is left, as with apt.
        remove | purge) "$manager" -y --setopt=clean_requirements_on_remove=0 remove -- "$@" ;;
        upgrade | upgrade-all) "$manager" -y upgrade -- "$@" ;;
        hold) "$manager" versionlock add -- "$@" ;;
        unhold) "$manager" versionlock delete -- "$@" ;;
    esac
}

plan() {
    apt_words "$@"
    shift 2
    case $manager/$action in
        apt/*) apt-get -q -s $words -- "$@" ;;
        # Others that need what is removed are a failure of this.
        */remove | */purge) rpm -e --test -- "$@" ;;
    esac
}

do_it() {
    action=$1 recommends=$2 seconds=$3
    shift 3
    case $manager/$action in
        apt/hold | apt/unhold) apt-mark "$action" -- "$@" ;;
        apt/*)
            apt_words "$action" "$recommends" "$@"
            detached apt $words -- "$@"
            ;;
        *) detached rpm_run "$action" "$@" ;;
    esac
}

what=$1
shift
case $what in
    state) state "$@" ;;
    versions) rpm -qa --qf '%{NAME} %{VERSION}-%{RELEASE}\n' ;;
    age) age ;;
    busy)
        case $manager in
            apt) busy_apt ;;
            *) busy_rpm ;;
        esac
        ;;
    refresh)
        # Without this word apt takes lists that it could not fetch for a warning.
        case $manager in
            apt) apt-get -q -o APT::Update::Error-Mode=any -o DPkg::Lock::Timeout=60 update </dev/null ;;
            *) "$manager" -q makecache </dev/null ;;
        esac
        ;;
    plan) plan "$@" ;;
    do) do_it "$@" ;;
esac
