# What the cloud says of this server: from the config drive, else from the metadata service.
METADATA=169.254.169.254
METADATA6=fe80::a9fe:a9fe

# flatten: JSON in, a line "path<TAB>value" for each value out.
flatten() { awk -f /usr/lib/nova-guest/json.awk; }

# Set CONFIG to the directory of the config drive's documents, empty where there is none.  Its device is linked as
# /dev/disk/by-label/config-2, where also those look who may not read devices.
mount_config_drive() {
    CONFIG=
    mkdir -p /mnt/config /dev/disk/by-label
    for device in $(blkid | sed -n 's/^\([^:]*\):.* LABEL="[Cc][Oo][Nn][Ff][Ii][Gg]-2".*/\1/p'); do
        [ -b "$device" ] && mount -o ro "$device" /mnt/config 2>/dev/null || continue
        CONFIG=/mnt/config/openstack/latest
        [ -f $CONFIG/meta_data.json ] && ln -sf "$device" /dev/disk/by-label/config-2 && return
        CONFIG=
        umount /mnt/config
    done
}

# fetch PATH FILE: by IPv4, else by IPv6 at the first card that gets an answer.
fetch() {
    timeout 5 wget -q -O "$2" "http://$METADATA$1" 2>/dev/null && return
    for path in /sys/class/net/eth*; do
        timeout 5 wget -q -O "$2" "http://[$METADATA6%${path##*/}]$1" 2>/dev/null && return
    done
    return 1
}

# Ask until it answers: a new server for five minutes, since nobody could log in without; a known one for some seconds.
ask_metadata() {
    timeout=300
    [ -z "$(ls /var/lib/nova-guest)" ] || timeout=10
    until=$(($(cut -d. -f1 /proc/uptime) + timeout))
    until fetch /openstack/latest/meta_data.json $STATE/meta_data.json; do
        [ -n "$announced" ] || say "waiting for the metadata service at $METADATA"
        announced=yes
        [ "$(cut -d. -f1 /proc/uptime)" -lt $until ] || return 1
        sleep 1
    done
    fetch /openstack/latest/user_data $STATE/user_data || rm -f $STATE/user_data
}

# Set SOURCE to configdrive, metadata or none, and leave $STATE/meta (flattened) and perhaps $STATE/user_data.
read_datasource() {
    SOURCE=none
    : >$STATE/meta
    if [ -n "$CONFIG" ]; then
        SOURCE=configdrive
        cp $CONFIG/meta_data.json $STATE/meta_data.json
        cp $CONFIG/user_data $STATE/user_data 2>/dev/null
    elif ls -d /sys/class/net/eth* >/dev/null 2>&1 && ask_metadata; then
        SOURCE=metadata
    else
        return
    fi
    chmod 600 $STATE/meta_data.json
    flatten <$STATE/meta_data.json >$STATE/meta
    chmod 600 $STATE/meta
}
