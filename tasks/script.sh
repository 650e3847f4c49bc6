# Reads a script of $1 bytes from standard input and hands it to the program and arguments that follow.
# It is run only if all of it has arrived: half a script can do anything.
bytes=$1
shift
# The point keeps the line breaks at its end, which would be cut off otherwise.
script=$(cat && echo .)
if [ "$(($(printf %s "$script" | wc -c)))" -ne "$((bytes + 1))" ]; then
    echo 'the script did not arrive in full; nothing of it was run' >&2
    exit 74
fi
printf %s "${script%.}" | "$@"
