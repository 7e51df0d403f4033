"""Linux's own means: bridges, namespaces, DHCP, NAT, anti-spoofing and the metadata listener.  It reads no database."""
