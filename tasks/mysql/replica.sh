# Says how a replica is: names and values, a line each.
{
    client --execute='SHOW REPLICA STATUS\G' 2>/dev/null || client --execute='SHOW SLAVE STATUS\G'
}
