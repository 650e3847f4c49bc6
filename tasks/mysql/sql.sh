# Runs the text and then commits; $1 is what is set before. Its end is told by us, since a client can pass over a quote or a comment
# that is open.
take_text "$bytes"
said=$({
    printf %s "$text"
    end_statement
    echo "COMMIT; SELECT 'runsheet: whole' AS 'runsheet: end';"
} | client "--init-command=$1")
code=$?
end='runsheet: end
runsheet: whole'
case $said in
    *"$end") printf '%s\n' "${said%"$end"}" ;;
    *)
        printf '%s\n' "$said"
        [ "$code" -ne 0 ] || {
            echo 'the statements did not come to their end: a quote or a comment is open; what was not committed was undone' >&2
            code=65
        }
        ;;
esac
exit "$code"
