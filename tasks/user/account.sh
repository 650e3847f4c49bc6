# look NAME: says `none`, or the line of passwd(5) and then the names of the user's groups, a line of each.
# lacking SHELL GROUP...: says which of them the host does not have; `-` stands for the shell that the host chooses.
# password NAME BYTES: reads a hash; says whether it is the user's.
# give-password NAME BYTES: reads a hash and makes it the user's.
# add ARG..., change ARG..., remove ARG...: useradd, usermod, userdel with these words.
# myself: says who works here, and who has become that.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
what=$1
shift

has() {
    command -v "$1" >/dev/null 2>&1
}

entry() {
    if has getent; then getent "$1" "$2"; else grep -m 1 "^$2:" "/etc/$1"; fi
}

tool() {
    has "$1" || {
        printf '`%s` is not installed on the host\n' "$1" >&2
        exit 127
    }
    "$@" </dev/null
}

# A hash of which the end is missing would lock the user out.
read_hash() {
    hash=$(cat)
    if [ "${#hash}" -ne "$1" ]; then
        echo 'the password did not arrive in full; nothing was changed' >&2
        exit 74
    fi
}

case $what in
    look)
        if entry passwd "$1"; then id -Gn -- "$1"; else echo none; fi
        ;;
    lacking)
        [ "$1" = - ] || [ -x "$1" ] || printf 'the program `%s`\n' "$1"
        shift
        for group; do
            entry group "$group" >/dev/null || printf 'the group `%s`\n' "$group"
        done
        ;;
    password)
        read_hash "$2"
        line=$(entry shadow "$1" 2>/dev/null) || {
            echo 'only root can tell and change passwords' >&2
            exit 1
        }
        line=${line#*:}
        if [ "${line%%:*}" = "$hash" ]; then echo same; else echo other; fi
        ;;
    give-password)
        read_hash "$2"
        # A word of the shell itself: no process shows it.
        printf '%s:%s\n' "$1" "$hash" | chpasswd -e
        ;;
    add) tool useradd "$@" ;;
    change) tool usermod "$@" ;;
    remove) tool userdel "$@" ;;
    myself) printf '%s\n' "$(id -un)" "$SUDO_USER" "$DOAS_USER" "$LOGNAME" ;;
esac
