# $1: a release, or nothing for the one before the current one. Says how it is: `current NAME SHA256`,
# `wanted NAME SHA256`, `last ACTION NAME` if this step of this run has switched already, and `left` if somebody is at work, or was
# broken off.
is=$(current) || exit 4
case $is in
    [-?!]) echo "current $is -" ;;
    *) echo "current $is $(made_of "$is")" ;;
esac
wanted=$1
if [ -z "$wanted" ]; then
    wanted=$(previous "$is")
fi
if [ -n "$wanted" ]; then
    echo "wanted $wanted $(made_of "$wanted")"
else
    echo 'wanted - -'
fi
revisions | id=$id awk '$8 == ENVIRON["id"] { last = $2 " " $3 } END { if (last != "") print "last", last }'
set +f
for left in "$switching" "$root"/releases/.lock "$root"/releases/.deploy-*/at-work; do
    if [ -e "$left" ] || [ -L "$left" ]; then
        echo left
        break
    fi
done
