# Says what one of our own questions is answered with, fields with `|` between them. The question is the text.
needs psql
take_text "$bytes"
for value; do
    shift
    set -- "$@" -v "$value"
done
printf %s "$text" | client -A -t "$@" -f -
