# $1: `look` or `do`, $2: how many are kept. Says which releases are to go (`surplus NAME`), or removes them and says so.
if [ "$1" = look ]; then
    surplus "$2" | sed 's/^/surplus /'
elif [ -d "$root/releases" ]; then
    begin
    surplus "$2" | remove_releases
fi
