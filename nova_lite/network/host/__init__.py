"""The network on one host: bridges, DHCP, NAT, anti-spoofing and the ear for metadata.  It never sees the database."""
