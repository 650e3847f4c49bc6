# $1: `look` or `checkout`, $2: the folder, $3: the repository's URL, $4: which protocols git may use, with `:` between them.
# look: $5, …: names of refs of the repository, as it is asked for them. It says `tree none|empty|other|repository`; of a repository
# `head COMMIT` or `head -`, `on a branch` if it is not detached, `dirty COUNT` and `origin URL`; and `ref COMMIT NAME` for each that is there.
# checkout: $5: the commit, of which the beginning is enough, $6: `force` or nothing. It says `head COMMIT`.
path=$2
url=$3
# Nobody is there whom git, ssh or a helper could ask.
export GIT_TERMINAL_PROMPT=0 GIT_ASKPASS='' GIT_ALLOW_PROTOCOL="$4"
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_NAMESPACE

complain() {
    printf '%s\n' "$1" >&2
    exit "${2:-1}"
}

# Runs git in the folder $at.
in_tree() {
    git -C "$at" "$@"
}

dirty() {
    changes=$(in_tree status --porcelain --untracked-files=no) || exit
    printf %s "$changes" | grep -c ''
}

look() {
    at=$path
    if [ -d "$path" ] && ! { [ -r "$path" ] && [ -x "$path" ]; }; then
        complain "$path: permission denied" 4
    elif [ -e "$path/.git" ]; then
        # It may belong to somebody else, whom git does not trust.
        in_tree rev-parse --git-dir >/dev/null || exit 4
        echo 'tree repository'
        echo "head $(in_tree rev-parse --verify --quiet 'HEAD^{commit}' || echo -)"
        if in_tree symbolic-ref --quiet HEAD >/dev/null; then
            echo 'on a branch'
        fi
        count=$(dirty)
        echo "dirty ${count:-?}"
        echo "origin $(in_tree config --get remote.origin.url)"
    elif [ -d "$path" ] && [ -z "$(ls -A -- "$path")" ]; then
        echo 'tree empty'
    elif [ -e "$path" ] || [ -L "$path" ]; then
        echo 'tree other'
    else
        echo 'tree none'
    fi
    if [ $# -gt 0 ]; then
        # What a name ends with is enough for `ls-remote`, but not for us.
        refs=$(git ls-remote -- "$url" "$@") || exit 3
        for name; do
            printf '%s\n' "$refs" | wanted=$name awk '$2 == ENVIRON["wanted"] { print "ref", $1, $2 }'
        done
    fi
}

clear_clone() {
    rm -rf -- "$1" || {
        chmod -R u+rwX -- "$1"
        rm -rf -- "$1"
    }
}

# Clones beside the folder, under a name that tells who does it; what others have left who are gone is cleared away.
clone() {
    parent=${path%/*}
    beside=${parent}/.${path##*/}.runsheet-
    mkdir -p -- "${parent:-/}" || exit
    for left in "$beside"*; do
        case ${left##*-} in
            *[!0-9]* | '') ;;
            *) kill -0 "${left##*-}" 2>/dev/null || clear_clone "$left" ;;
        esac
    done
    at=$beside$$
    trap 'clear_clone "$at"' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    git clone --quiet --no-checkout -- "$url" "$at" </dev/null || exit
}

has_commit() {
    in_tree cat-file -e "$1^{commit}" 2>/dev/null
}

checkout() {
    commit=$1
    force=${2:+--force}
    cloned=
    if [ -e "$path/.git" ]; then
        at=$path
        if [ -z "$force" ]; then
            count=$(dirty)
            [ "$count" = 0 ] || complain "files in $path were changed meanwhile"
        fi
    else
        clone
        cloned=yes
    fi
    if ! has_commit "$commit"; then
        in_tree fetch --quiet --force --prune --tags origin '+refs/heads/*:refs/remotes/origin/*' </dev/null || exit
    fi
    if ! has_commit "$commit"; then
        # One that no branch and no tag leads to; many servers give it to those who ask for it.
        in_tree fetch --quiet origin "$commit" </dev/null 2>/dev/null
    fi
    full=$(in_tree rev-parse --verify "$commit^{commit}" 2>&1) || {
        case $full in
            *ambiguous*) complain "more than one commit of the repository begins with $commit" ;;
            *) complain "the repository has no commit $commit" ;;
        esac
    }
    in_tree checkout --quiet --detach $force "$full" -- </dev/null || exit
    [ "$(in_tree rev-parse --verify --quiet 'HEAD^{commit}')" = "$full" ] || complain "$path is not at $full after the checkout"
    count=$(dirty)
    [ "$count" = 0 ] || complain "files in $path are not as they are in $full after the checkout"
    if [ -n "$cloned" ]; then
        # An empty folder gives way.
        rmdir -- "$path" 2>/dev/null
        [ ! -e "$path" ] && [ ! -L "$path" ] || complain "$path was made by somebody else meanwhile"
        mv -- "$at" "$path" || exit
        trap - EXIT
    fi
    echo "head $full"
}

command -v git >/dev/null 2>&1 || complain '`git` is not installed on the host' 127
# ssh asks nobody either, unless somebody has said how it is called.
if [ -z "${GIT_SSH_COMMAND-}${GIT_SSH-}" ] && ! git -C "$([ -d "$path" ] && printf %s "$path" || echo /)" config --get core.sshCommand >/dev/null 2>&1; then
    export GIT_SSH_COMMAND='ssh -o BatchMode=yes'
fi
action=$1
shift 4
case $action in
    look)
        export GIT_OPTIONAL_LOCKS=0
        look "$@"
        ;;
    checkout) checkout "$@" ;;
esac
