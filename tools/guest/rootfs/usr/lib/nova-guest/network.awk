# Flattened network_data.json in, orders for static_networks out; a dhcp network gives none.
BEGIN { FS = "\t" }
{ value[$1] = $2 }
END {
    for (i = 0; ("links." i ".id") in value; i++) {
        link = "links." i "."
        mac[value[link "id"]] = value[link "ethernet_mac_address"]
        mtu[value[link "id"]] = value[link "mtu"]
    }
    for (i = 0; ("networks." i ".type") in value; i++) {
        net = "networks." i "."
        if (value[net "type"] != "ipv4") continue
        id = value[net "link"]
        print "address", mac[id], value[net "ip_address"], value[net "netmask"]
        if (mtu[id] + 0 > 0) print "mtu", mac[id], mtu[id]
        for (j = 0; (net "routes." j ".network") in value; j++) {
            route = net "routes." j "."
            print "route", mac[id], value[route "network"], value[route "netmask"], value[route "gateway"]
        }
    }
    for (i = 0; ("services." i ".type") in value; i++)
        if (value["services." i ".type"] == "dns") print "dns", value["services." i ".address"]
}
