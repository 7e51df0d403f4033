# What the agent's parts and the hotplug script share.
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
STATE=/run/nova-guest

say() { echo "nova-guest: $*"; }

# get KEY: a value of meta_data.json, such as uuid; empty when it is not there.
get() { sed -n "s/^$1	//p" $STATE/meta; }

# dhcp INTERFACE: keep asking in the background until somebody answers; of IPv6, what routers announce says whether
# addresses are made or asked for.
dhcp() {
    ip link set "$1" up
    dhcpcd -6 -b -q -c /usr/share/dhcpcd/hook "$1" >/dev/null 2>&1 &
    udhcpc -b -S -O staticroutes -O mtu -s /usr/share/udhcpc/default.script -t 10 -T 1 -A 2 \
        -i "$1" -p "/run/udhcpc.$1.pid" -x "hostname:$(hostname)" >/dev/null 2>&1 &
}
