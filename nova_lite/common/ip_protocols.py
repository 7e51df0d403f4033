"""The protocols above IP that rules of security groups may name."""

#: {name: the number that IANA gave it}
NUMBERS = {"ah": 51, "dccp": 33, "egp": 8, "esp": 50, "gre": 47, "hopopt": 0, "icmp": 1, "igmp": 2, "ip": 0,
           "ipip": 4, "ipv6-encap": 41, "ipv6-frag": 44, "ipv6-icmp": 58, "icmpv6": 58, "ipv6-nonxt": 59,
           "ipv6-opts": 60, "ipv6-route": 43, "ospf": 89, "pgm": 113, "rsvp": 46, "sctp": 132, "tcp": 6, "udp": 17,
           "udplite": 136, "vrrp": 112}
ICMP, ICMPV6 = NUMBERS["icmp"], NUMBERS["ipv6-icmp"]


def number(text):
    """:param text: a name, or a number as text."""
    return NUMBERS[text] if text in NUMBERS else int(text)
