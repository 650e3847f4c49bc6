# Makes release $1 the current one, which was made of $2, if $3 is still current.
begin
is=$(current)
[ "$is" = "$3" ] || complain "somebody else has made \`$is\` the current release meanwhile"
[ "$(made_of "$1")" = "$2" ] || complain "release \`$1\` is not there as it was a moment ago"
switch_to "$1" "$2" rolled-back
