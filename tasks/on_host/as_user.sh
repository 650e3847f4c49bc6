# as_user USER SCRIPT NAME ARG...: runs the script as that user, with no more rights than that. Its first argument is the home.
user=$1 script=$2 name=$3
shift 3
PATH=$PATH:/usr/sbin:/sbin

line=$(getent passwd "$user" 2>/dev/null || grep -m 1 "^$user:" /etc/passwd)
if [ -z "$line" ]; then
    printf 'there is no user `%s`\n' "$user" >&2
    exit 1
fi
rest=${line#*:*:}
uid=${rest%%:*}
rest=${rest#*:}
gid=${rest%%:*}
rest=${rest#*:*:}
home=${rest%%:*}
set -- "$name" "$home" "$@"

cd /
if [ "$(id -u)" = "$uid" ]; then
    exec /bin/sh -c "$script" "$@"
elif [ "$(id -u)" != 0 ]; then
    printf 'only root and `%s` can do that\n' "$user" >&2
    exit 1
elif setpriv --help 2>&1 | grep -q reuid; then
    exec setpriv --reuid="$uid" --regid="$gid" --init-groups -- /bin/sh -c "$script" "$@"
elif command -v runuser >/dev/null; then
    exec runuser -u "$user" -- /bin/sh -c "$script" "$@"
else
    exec su -s /bin/sh "$user" -c 'exec /bin/sh -c "$@"' sh "$script" "$@"
fi
