# Runs the text in one transaction; the other arguments are `name=value`.
needs psql
take_text "$bytes"
for value; do
    shift
    set -- "$@" -v "$value"
done
# What is set in a transaction is gone when that ends.
printf %s "$text" | client -1 "$@" -c "SET LOCAL runsheet.whole = 'yes'" -c '\set QUIET off' -f - -c '\set QUIET on' -c "DO \$\$ BEGIN
IF current_setting('runsheet.whole', true) IS DISTINCT FROM 'yes' THEN
RAISE 'the statements have ended their transaction themselves: what they did before that stays';
END IF; END \$\$"
