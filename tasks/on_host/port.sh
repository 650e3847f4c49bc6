# Connects to port $2 of the address $1 within $3 seconds. Says first with what.
address=$1
port=$2
limit=$3

has() {
    command -v "$1" >/dev/null 2>&1
}

if has bash && timeout 1 true 2>/dev/null; then
    echo bash
    timeout "$limit" bash -c 'exec 3<>"/dev/tcp/$1/$2"' bash "$address" "$port"
elif has nc; then
    echo nc
    case $(nc -h 2>&1 </dev/null) in
        # It may have been built without -z, but can run a program once it is connected.
        *BusyBox*) nc -w "$limit" "$address" "$port" -e true ;;
        *) nc -z -w "$limit" "$address" "$port" ;;
    esac </dev/null
elif has curl; then
    echo curl
    case $address in
        *:*) address="[$address]" ;;
    esac
    # It stays connected until its time is up; how long connecting took tells that it was.
    took=$(curl -q --silent --show-error --globoff --noproxy '*' --max-time "$limit" --write-out '%{time_connect}' \
        --url "telnet://$address:$port" </dev/null)
    code=$?
    case $took in
        *[1-9]*) exit 0 ;;
        *) exit "$code" ;;
    esac
elif has python3; then
    echo python3
    python3 -c '
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[3])).close()
except OSError as error:
    sys.exit(str(error))
' "$address" "$port" "$limit"
else
    echo nothing
    exit 127
fi
