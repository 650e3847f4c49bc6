# Says all whole releases, the one that was made current last at the end: NAME SHA256 TIME a line, the current one after a `*`.
is=$(current) || exit 4
whole_releases | is=$is awk '{ print ($1 == ENVIRON["is"] ? "* " : "- ") $0 }'
