#!/bin/sh
# The service manager of a practice host: it keeps each service's state in a file, so that the demo has something to restart.
state="$HOME/services/$1"
mkdir -p "$HOME/services"
case "$2" in
    start) sleep 0.1; echo running >"$state" ;;
    stop) rm -f "$state" ;;
    restart | reload | force-reload) sleep 0.2; echo running >"$state" ;;
    status) [ -e "$state" ] || exit 3 ;;
    *) echo "service: unknown action $2" >&2; exit 2 ;;
esac
