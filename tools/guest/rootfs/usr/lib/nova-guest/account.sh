# Who this server is and who may log in.

set_hostname() {
    [ -n "$1" ] || return
    name=${1%%.*}
    hostname "$name"
    echo "$name" >/etc/hostname
    printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$name" >/etc/hosts
}

set_keys() {
    for user in root nova; do
        home=$(awk -F: -v user=$user '$1 == user {print $6}' /etc/passwd)
        mkdir -p "$home/.ssh"
        sed -n 's/^public_keys\.[^	]*	//p' $STATE/meta | sed 's/\\n$//' >"$home/.ssh/authorized_keys"
        chmod 700 "$home/.ssh"
        chmod 600 "$home/.ssh/authorized_keys"
        chown -R $user "$home/.ssh"
    done
}

# set_password TEXT: for both users, and from then on ssh takes it too.  Without one ssh takes keys only,
# because everybody knows the password an image comes with.
set_password() {
    rm -f /etc/dropbear/passwords
    [ -n "$1" ] || return
    hash=$(printf '%s' "$1" | mkpasswd -m sha512 -P 0)
    (umask 077; awk -F: -v OFS=: -v hash="$hash" '{$2 = hash; print}' /etc/shadow >/etc/shadow.new)
    mv /etc/shadow.new /etc/shadow
    touch /etc/dropbear/passwords
}

start_sshd() {
    key=/etc/dropbear/ed25519_key
    [ -f $key ] || dropbearkey -t ed25519 -f $key >/dev/null 2>&1
    options=-s
    [ -f /etc/dropbear/passwords ] && options=
    dropbear $options -r $key -p 22
}

# For a person who reads the console, and for tests that wait for its first and last line.
banner() {
    echo
    echo "=== nova-guest ready ==="
    echo "hostname=$(hostname) instance=${uuid:-none} datasource=$SOURCE"
    ip -o addr show scope global | awk '{print "address " $2 "=" $4}'
    echo "ssh-hostkey $(dropbearkey -y -f $key 2>/dev/null | sed -n 's/^Fingerprint: //p')"
    echo "up $(cut -d' ' -f1 /proc/uptime)s kernel $(uname -r) mem $(awk '/MemTotal/ {print $2}' /proc/meminfo)kB root $(df -k / | awk 'NR == 2 {print $2}')kB"
    echo "=== nova-guest end ==="
}

# A script only: whatever does not begin with #! is for richer images.
run_user_data() {
    [ -s $STATE/user_data ] && [ "$(dd if=$STATE/user_data bs=1 count=2 2>/dev/null)" = '#!' ] || return
    chmod 700 $STATE/user_data
    say "running user data"
    $STATE/user_data >/var/log/user_data.log 2>&1
    status=$?
    cat /var/log/user_data.log
    say "user data ended with status $status"
}
