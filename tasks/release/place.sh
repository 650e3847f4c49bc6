# $1: a project's folder, in which stand `releases`, `current` and `revisions.log`; $2: names this attempt, $3: its run and step.
# Other words follow. Whatever is ours alone stands in `releases` and begins with a point.
root=$1
key=$2
id=$3
shift 3
umask 022
set -f
marker=.runsheet-release
log=$root/revisions.log
switching=$root/releases/.switching

complain() {
    printf '%s\n' "$1" >&2
    exit "${2:-1}"
}

now() {
    date -u +%Y-%m-%dT%H:%M:%SZ
}

# Says the name of the release to which `current` leads: `-` if there is no `current`, `?` if it leads elsewhere, `!` if it is no link.
current() {
    if [ -L "$root/current" ]; then
        link=$(readlink -- "$root/current") || return
        link=${link%/}
        case $link in
            releases/*) link=${link#releases/} ;;
            "$root"/releases/*) link=${link#"$root"/releases/} ;;
            "$real"/releases/*) link=${link#"$real"/releases/} ;;
            *) link=? ;;
        esac
        case $link in
            '' | .* | *[!A-Za-z0-9._+-]*) link=? ;;
        esac
        printf '%s\n' "$link"
    elif [ -e "$root/current" ]; then
        echo !
    else
        echo -
    fi
}

# Says the SHA-256 that release $1 was made of: `absent` if there is no such release, `strange` if something else has its name.
made_of() {
    if [ -d "$root/releases/$1" ] && ! [ -L "$root/releases/$1" ]; then
        sum=
        if [ -f "$root/releases/$1/$marker" ] && ! [ -L "$root/releases/$1/$marker" ]; then
            read -r sum _ <"$root/releases/$1/$marker"
        fi
        if [ "${#sum}" -eq 64 ]; then
            printf '%s\n' "$sum"
        else
            echo strange
        fi
    elif [ -e "$root/releases/$1" ] || [ -L "$root/releases/$1" ]; then
        echo strange
    else
        echo absent
    fi
}

# Says which line of the log is still missing: that of a switch that was broken off after it was done.
missing_line() {
    if [ -f "$switching" ]; then
        line=
        read -r line <"$switching"
        set -- $line
        if [ $# -eq 10 ] && [ "$(current)" = "$3" ] && [ "$(tail -n 1 -- "$log" 2>/dev/null)" != "$line" ]; then
            printf '%s\n' "$line"
        fi
    fi
}

# Says the whole log: TIME `deployed`|`rolled-back` RELEASE SHA256 `after` RELEASE `run` ID `by` USER a line.
revisions() {
    if [ -f "$log" ]; then
        cat -- "$log"
    fi
    missing_line
}

# Says which release was current before release $1 was deployed, of those that are still there; nothing if none is.
previous() {
    revisions | awk '$2 == "deployed" && $5 == "after" { before[$3] = $6 } END { for (name in before) print name, before[name] }' |
        {
            pairs=$(cat)
            name=$1
            seen=" $1 "
            while :; do
                name=$(printf '%s\n' "$pairs" | wanted=$name awk '$1 == ENVIRON["wanted"] { print $2; exit }')
                case $name in
                    '' | [-?!]) break ;;
                esac
                case $seen in
                    *" $name "*) break ;;
                esac
                seen="$seen$name "
                case $(made_of "$name") in
                    absent | strange) ;;
                    *)
                        printf '%s\n' "$name"
                        break
                        ;;
                esac
            done
        }
}

# Says all whole releases, the one that was made current last at the end: NAME SHA256 TIME a line.
whole_releases() {
    set +f
    for folder in "$root"/releases/*; do
        name=${folder##*/}
        case $name in
            *[!A-Za-z0-9._+-]*) continue ;;
        esac
        case $(made_of "$name") in
            absent | strange) ;;
            *)
                read -r sum _ time _ <"$folder/$marker"
                printf '%s %s %s\n' "$name" "$sum" "$time"
                ;;
        esac
    done | {
        set -f
        found=$(cat)
        {
            revisions | sed 's/^/log /'
            printf '%s\n' "$found"
        } | awk '
            $1 == "log" { line[$4] = NR; next }
            NF == 3 { print line[$1] + 0, $3, $1, $2 }' | sort -k1,1n -k2,2 -k3,3 | awk '{ print $3, $4, $2 }'
    }
    set -f
}

# Says which releases are to go when $1 of them are kept. The current one and the one before it never are.
surplus() {
    is=$(current)
    whole_releases | is=$is before=$(previous "$is") keep=$1 awk '
        { name[NR] = $1 }
        END {
            left = NR
            for (i = 1; i <= NR && left > ENVIRON["keep"] + 0; i++) {
                if (name[i] != ENVIRON["is"] && name[i] != ENVIRON["before"]) {
                    print name[i]
                    left--
                }
            }
        }'
}

if [ -d "$root" ]; then
    real=$(CDPATH='' cd -P -- "$root" && pwd -P) || exit 4
else
    real=$root
fi
for folder in "$root" "$root/releases"; do
    if [ -d "$folder" ] && ! { [ -r "$folder" ] && [ -x "$folder" ]; }; then
        complain "$folder: permission denied" 4
    fi
done
