# haproxy.sh SOCKET COMMAND: gives one command to HAProxy's admin socket and prints the answer.
#
# Whatever of these is there: perl is on every Debian, python3 on every Red Hat.
socket=$1 command=$2
[ -S "$socket" ] || { echo "there is no socket $socket" >&2; exit 3; }
[ -w "$socket" ] || { echo "no right to write to $socket" >&2; exit 3; }
if command -v socat >/dev/null; then
    printf '%s\n' "$command" | socat -t 10 - "UNIX-CONNECT:$socket"
elif command -v perl >/dev/null; then
    perl -MIO::Socket::UNIX -e '
        alarm 10;
        my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "cannot connect to $ARGV[0]: $!\n";
        $s->print("$ARGV[1]\n"); $s->flush; print while <$s>;' "$socket" "$command"
elif command -v python3 >/dev/null; then
    python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(10)
s.connect(sys.argv[1])
s.sendall(sys.argv[2].encode() + b"\n")
while True:
    part = s.recv(65536)
    if not part:
        break
    sys.stdout.buffer.write(part)' "$socket" "$command"
else
    echo "none of socat, perl and python3 is there to talk to $socket" >&2
    exit 3
fi
