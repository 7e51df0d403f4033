"""A program for network namespaces: ``serve PORT...`` answers TCP and UDP, ``scan ADDRESSES PORTS`` asks and pings,
``echo PORT`` repeats what each TCP connection says, ``hold ADDRESS PORT`` has one, ``pour ADDRESS PORT`` has one and
says as much as it can, which ``drain PORT`` reads, and ``frames`` sends and receives what is no packet of the kernel's.

``scan`` asks all at once and prints JSON of what answered.  It needs none of the site's packages: it is started often.
"""

import concurrent.futures
import json
import selectors
import socket
import struct
import sys

_TIMEOUT = 1
_PKTINFO = 8          # Python names it from 3.12 on


def serve(ports):
    """Answer every caller with the address that it seems to have, until killed."""
    waiting = selectors.DefaultSelector()
    for port in ports:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            for family, any_address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
                one = socket.socket(family, kind)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET:
                    one.setsockopt(socket.SOL_IP, _PKTINFO, 1)
                else:
                    one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                    one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
                one.bind((any_address, port))
                if kind == socket.SOCK_STREAM:
                    one.listen()
                waiting.register(one, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for key, _ in waiting.select():
            (_stream if key.fileobj.type == socket.SOCK_STREAM else _datagram)(key.fileobj)


def _stream(listening):
    caller, address = listening.accept()
    with caller:
        caller.sendall(address[0].encode())


def _datagram(one):
    """The answer comes from the address that was asked."""
    _, extras, _, address = one.recvmsg(100, 100)
    if one.family == socket.AF_INET6:
        one.sendmsg([address[0].encode()], [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, extras[0][2])], 0, address)
        return
    asked = struct.unpack("i4s4s", extras[0][2])[2]
    one.sendmsg([address[0].encode()], [(socket.SOL_IP, _PKTINFO, struct.pack("i4s4s", 0, asked, b""))], 0,
                address)


def drain(port):
    """Read what one TCP connection after the other says, until killed."""
    with socket.create_server(("0.0.0.0", port)) as listening:
        print("ready", flush=True)
        while True:
            caller, _ = listening.accept()
            with caller:
                while caller.recv(1 << 16):
                    pass


def pour(address, port):
    with socket.create_connection((address, port), 10) as one:
        print("ready", flush=True)
        one.settimeout(None)
        while True:
            one.sendall(bytes(1 << 16))


def ask(kind, address, port):
    try:
        with socket.socket(_family(address), socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM) as one:
            one.settimeout(_TIMEOUT)
            one.connect(socket.getaddrinfo(address, port)[0][4])
            one.send(b"?")
            return one.recv(100).decode(errors="replace")
    except OSError:
        return None


def _family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def ping6(address):
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as one:
            one.settimeout(_TIMEOUT)
            one.connect(socket.getaddrinfo(address, 0)[0][4])
            one.send(struct.pack("!BBHHH", 128, 0, 0, 77, 1))       # the kernel adds the checksum
            while one.recv(200)[0] != 129:
                pass
            return address
    except OSError:
        return None


def ping(address):
    if ":" in address:
        return ping6(address)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as one:
            one.settimeout(_TIMEOUT)
            one.connect((address, 0))
            head = struct.pack("!BBHHH", 8, 0, 0, 77, 1)
            total = sum(struct.unpack("!4H", head))
            one.send(struct.pack("!BBHHH", 8, 0, ~((total >> 16) + (total & 0xFFFF)) & 0xFFFF, 77, 1))
            while one.recv(200)[20] != 0:       # a question, an error that an earlier packet caused: no answer
                pass
            return address
    except OSError:
        return None


def scan(addresses, ports):
    with concurrent.futures.ThreadPoolExecutor(256) as pool:
        asked = {("ping", address, 0): pool.submit(ping, address) for address in addresses}
        asked |= {(kind, address, port): pool.submit(ask, kind, address, port)
                  for kind in ("tcp", "udp") for address in addresses for port in ports}
        print(json.dumps([(key, done.result()) for key, done in asked.items() if done.result() is not None]))


def echo(port):
    """Repeat what callers say, until killed."""
    with socket.create_server(("0.0.0.0", port)) as listening, concurrent.futures.ThreadPoolExecutor(32) as pool:
        print("ready", flush=True)
        while True:
            pool.submit(_repeat, listening.accept()[0])


def _repeat(caller):
    with caller:
        while said := caller.recv(100):
            caller.sendall(said)


def hold(address, port):
    """For each line on the standard input: say it on one connection, and print whether it came back within a second."""
    with socket.create_connection((address, port), _TIMEOUT) as one:
        print("ready", flush=True)
        for line in sys.stdin:
            try:
                one.sendall(line.encode())
                print("cut" if one.recv(100) != line.encode() else "open", flush=True)
            except OSError:
                print("cut", flush=True)


def frames(device):
    """For each line of hex on the standard input: send that frame by a device.  At its end, print all that came."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as one:
        one.bind((device, 3))
        print("ready", flush=True)
        for line in sys.stdin:
            one.send(bytes.fromhex(line))
        one.settimeout(0.3)
        found = []
        try:
            while True:
                data, (_, _, kind, _, _) = one.recvfrom(2000)
                found += [data.hex()] if kind != socket.PACKET_OUTGOING else []
        except TimeoutError:
            print(json.dumps(found))


if __name__ == "__main__":
    match sys.argv[1]:
        case "serve":
            serve(map(int, sys.argv[2:]))
        case "echo":
            echo(int(sys.argv[2]))
        case "hold":
            hold(sys.argv[2], int(sys.argv[3]))
        case "drain":
            drain(int(sys.argv[2]))
        case "pour":
            pour(sys.argv[2], int(sys.argv[3]))
        case "frames":
            frames(sys.argv[2])
        case "scan":
            scan(sys.argv[2].split(","), list(map(int, filter(None, sys.argv[3].split(",")))))
