# $1: look, or prune with the words of docker's own after it.
command -v docker >/dev/null 2>&1 || {
    echo '`docker` is not installed on the host' >&2
    exit 127
}
if [ "$1" = look ]; then
    # The client alone would tell its own version; this needs the daemon.
    exec docker version --format '{{.Server.Version}}'
fi
shift
exec docker system prune --force "$@" </dev/null
