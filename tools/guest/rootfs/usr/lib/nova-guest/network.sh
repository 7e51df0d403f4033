# Addresses: those the config drive fixes, DHCP for every other card.

# interface_of MAC
interface_of() {
    for path in /sys/class/net/eth*; do
        [ "$(cat "$path/address" 2>/dev/null)" = "$1" ] && echo "${path##*/}"
    done
}

# Act on the lines network.awk makes of network_data.json.
static_networks() {
    while read -r what mac one two three; do
        card=$(interface_of "$mac")
        [ "$what" = dns ] && echo "nameserver $mac" >>/run/resolv.static
        [ -n "$card" ] || continue
        case $what in
            address) ip addr add "$one/$two" dev "$card"; ip link set "$card" up; touch "$STATE/static.$card" ;;
            mtu) ip link set "$card" mtu "$one" ;;
            route) ip route add "$one/$two" via "$three" dev "$card" ;;
        esac
    done
    [ ! -f /run/resolv.static ] || cat /run/resolv.static >/etc/resolv.conf
}

# Bring every card up and wait for a first address, ten seconds at most.
network_up() {
    if [ -f "$CONFIG/network_data.json" ]; then
        flatten <"$CONFIG/network_data.json" | awk -f /usr/lib/nova-guest/network.awk | static_networks
    fi
    for path in /sys/class/net/eth*; do
        [ -e "$path" ] || return 0
        [ -f "$STATE/static.${path##*/}" ] || [ -f "/run/udhcpc.${path##*/}.pid" ] || dhcp "${path##*/}"
    done
    tries=0
    until ip -o addr show scope global | grep -q inet || [ $tries -ge 100 ]; do
        usleep 100000
        tries=$((tries + 1))
    done
}
