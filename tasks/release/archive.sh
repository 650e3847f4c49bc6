# Runs tar on the archive $1 with the other words. Not every tar knows by itself how a file is compressed.
with_tar() {
    from=$1
    shift
    case $(dd if="$from" bs=1 count=6 2>/dev/null | od -An -tx1 | tr -d ' \n') in
        1f8b*) program=gzip ;;
        fd377a585a00) program=xz ;;
        28b52ffd*) program=zstd ;;
        425a68*) program=bzip2 ;;
        *) program= ;;
    esac
    if [ -n "$program" ] && has "$program"; then
        "$program" -dc <"$from" | tar "$@" -f -
    else
        tar "$@" -f "$from"
    fi
}

# Refuses entries that lead out of the archive. $1 holds their names, $2 the same in the words of `tar -tv` or alike, a line each.
# A link is good if it leads down, or up to folders of the archive and then down, and nothing lies below a link: so none can
# lead out by way of another one.
refuse_what_leads_out() {
    awk '
        function refuse(why) {
            print why
            refused = 1
            exit 1
        }
        function depth(path,    parts, count, i, deep) {
            count = split(path, parts, "/")
            for (i = 1; i <= count; i++) if (parts[i] != "" && parts[i] != ".") deep++
            return deep + 0
        }
        function plain(path,    parts, count, i, joined) {
            count = split(path, parts, "/")
            for (i = 1; i <= count; i++) if (parts[i] != "" && parts[i] != ".") joined = joined (joined == "" ? "" : "/") parts[i]
            return joined
        }
        function leads_out(path) {
            return path ~ /^\// || ("/" path "/") ~ /\/\.\.\//
        }
        function climbs(target, most,    parts, count, i, up, down) {
            if (target == "" || target ~ /^\//) return 1
            count = split(target, parts, "/")
            for (i = 1; i <= count; i++) {
                if (parts[i] == "" || parts[i] == ".") continue
                if (parts[i] != "..") down = 1
                else if (down) return 1
                else up++
            }
            return up > most
        }
        FILENAME == ARGV[1] { names[FNR] = $0; count = FNR; next }
        {
            lines = FNR
            name = names[FNR]
            kind = substr($0, 1, 1)
            if (name == "" || leads_out(name)) refuse("the entry `" name "` leads out of the archive")
            if (index("-dlhC", kind) == 0) refuse("the entry `" name "` is no file, folder or link")
            at = index($0, " " name " -> ")
            target = substr($0, at + length(name) + 5)
            if (at == 0) {
                at = index($0, " " name " link to ")
                target = substr($0, at + length(name) + 10)
            }
            if (at == 0) {
                end = substr($0, length($0) - length(name))
                if (kind == "l" || kind == "h" || end != " " name) refuse("the entry `" name "` cannot be read")
            } else if (index(target, " -> ") || index(target, " link to ")) {
                refuse("the link `" name "` cannot be read")
            } else if (kind == "l") {
                if (climbs(target, depth(name) - 1)) refuse("the link `" name "` leads out of the archive: `" target "`")
                links[plain(name)] = 1
            } else {
                if (leads_out(target)) refuse("the link `" name "` leads out of the archive: `" target "`")
                hard[plain(name)] = plain(target)
            }
        }
        END {
            if (refused) exit 1
            if (lines != count) refuse("the list of the archive cannot be read")
            for (i = 1; i <= count; i++) {
                parts = split(plain(names[i]), part, "/")
                path = ""
                for (j = 1; j < parts; j++) {
                    path = path (j == 1 ? "" : "/") part[j]
                    if (path in links) refuse("the entry `" names[i] "` lies below the link `" path "`")
                }
            }
            for (name in hard) if (hard[name] in links) refuse("the entry `" name "` is one with the link `" hard[name] "`")
        }' "$1" "$2" >&2
}

# Reads what is in the archive $1, by way of files in the folder $2, and refuses it before anything is unpacked.
listed() {
    with_tar "$1" -t >"$2/names" 2>"$2/said" && with_tar "$1" -tv >"$2/lines" 2>>"$2/said" || {
        cat -- "$2/said" >&2
        complain 'the tar of the host cannot read the archive'
    }
    [ -s "$2/names" ] || complain 'the archive is empty'
    refuse_what_leads_out "$2/names" "$2/lines" || return
    # A tar that makes them harmless by itself does not show them as they are.
    harmless=$(grep -i 'removing leading' "$2/said" | sort -u)
    [ -z "$harmless" ] || complain "the archive has entries that lead out of it: $harmless"
}

# Unpacks the archive $1 in the folder $2, as ours whoever its files belonged to.
unpacked() {
    with_tar "$1" -x -o -C "$2"
}

# The same for what was unpacked in the folder $1: the last word is what stands there, not what was listed.
links_stay_in() {
    (CDPATH='' cd -- "$1" && find . -type l -print) >"$2/names" || return
    (CDPATH='' cd -- "$1" && find . -type l -exec sh -c \
        'for link; do printf "l %s -> %s\n" "$link" "$(readlink -- "$link")"; done' sh '{}' +) >"$2/lines" || return
    [ ! -s "$2/names" ] || refuse_what_leads_out "$2/names" "$2/lines"
}
