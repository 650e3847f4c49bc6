# $1: look or clean; $2: the folder of the workspaces; $3: after how many days without a change one is stale.
# Says of each folder in it `stale KIB NAME` or, after `clean`, `removed KIB NAME` or `failed KIB NAME`; or `kept used|mounted|recent NAME`.
# Then `end`.
action=$1
days=$3

refuse() {
    printf '%s\n' "$1" >&2
    exit 3
}

case $2 in
    /*) ;;
    *) refuse "$2 is not a path from the root" ;;
esac
[ -d "$2" ] || refuse "there is no folder $2"
# What it really is: a link may lead to another disk, but also to where nothing may be removed.
root=$(cd -P -- "$2" 2>/dev/null && pwd -P) || refuse "no right to enter $2"
case $root in
    /usr/* | /etc/* | /proc/* | /sys/* | /dev/* | /boot/* | /bin/* | /sbin/* | /lib*/* | /run/*) refuse "$root belongs to the system" ;;
    /*/*/*) ;;
    /var/* | /home/*) refuse "$root holds more than workspaces" ;;
    /*/*) ;;
    *) refuse "$root holds more than workspaces" ;;
esac
[ -r "$root" ] || refuse "no right to read $root"
[ -w "$root" ] || refuse "no right to remove anything from $root"
[ -r /proc/self/mounts ] || refuse "cannot tell what is in use: there is no /proc"

# Of paths, one a line, the names of the folders in the root that they are or are in.
names() {
    ROOT=$root/ awk '
        index($0, ENVIRON["ROOT"]) == 1 {
            rest = substr($0, length(ENVIRON["ROOT"]) + 1)
            sub(/\/.*/, "", rest)
            # Said of what is gone but held open.
            sub(/ \(deleted\)$/, "", rest)
            print rest
        }'
}

# Where processes work, and which files they hold open or run. Those of others are hidden from anybody but root.
in_use() {
    {
        ls -l /proc/[0-9]*/cwd /proc/[0-9]*/root /proc/[0-9]*/exe /proc/[0-9]*/fd/ 2>/dev/null | sed -n 's/^[^>]*-> //p'
        cat /proc/[0-9]*/maps 2>/dev/null | sed -n 's/^[^/]*\//\//p'
    } | names
}

mounted() {
    # Spaces are written in octal there.
    awk '{ gsub(/\\040/, " ", $2); print $2 }' /proc/self/mounts | names
}

among() {
    printf '%s\n' "$2" | grep -Fqx -e "$1"
}

newline='
'
for folder in "$root"/*; do
    # A link is not followed, and not removed.
    [ -d "$folder" ] && [ ! -L "$folder" ] || continue
    name=${folder##*/}
    case $name in
        *"$newline"*) continue ;;
    esac
    # Whatever cannot be read is taken for a change: find says something then, too.
    if [ -n "$(find "$folder" -mtime "-$days" -print 2>&1 | head -n 1)" ]; then
        echo "kept recent $name"
    elif among "$name" "$(mounted)"; then
        echo "kept mounted $name"
    elif among "$name" "$(in_use)"; then
        echo "kept used $name"
    else
        size=$(du -sk -- "$folder" | cut -f 1)
        if [ "$action" = look ]; then
            echo "stale $size $name"
        elif rm -rf -- "$folder" && [ ! -e "$folder" ]; then
            echo "removed $size $name"
        else
            echo "failed $size $name"
        fi
    fi
done
echo end
