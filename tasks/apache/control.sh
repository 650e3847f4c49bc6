# Finds the control program of apache: `control`. It is apachectl, apache2ctl or httpd itself.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/apache2/bin

has() {
    command -v "$1" >/dev/null 2>&1
}

control=
for name in apachectl apache2ctl httpd; do
    if has "$name"; then
        control=$name
        break
    fi
done
if [ -z "$control" ]; then
    echo 'none of `apachectl`, `apache2ctl` and `httpd` is installed on the host' >&2
    exit 127
fi

configtest() {
    case $control in
        httpd) httpd -t </dev/null ;;
        *) "$control" configtest </dev/null ;;
    esac
}

# Where the configuration keeps the number of the master: only apache itself knows. Debian's apachectl has to be asked, since it
# alone knows the environment of the configuration; Fedora's takes no options, but there httpd can be asked.
pid_file() {
    for asked in "$control" httpd; do
        file=$("$asked" -t -D DUMP_RUN_CFG 2>&1 </dev/null | sed -n 's/^PidFile: "\(.*\)"$/\1/p')
        if [ -n "$file" ]; then
            printf '%s\n' "$file"
            return
        fi
    done
}
