"""Addresses to listen on."""

import socket

from nova_lite.common import exception


def split(text):
    """("host", port) of "HOST:PORT" or "[V6]:PORT".  :raises Misconfigured:"""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise exception.Misconfigured(problem=f"{text!r} is no address.", remedy="Write HOST:PORT, as 127.0.0.1:8774.")
    return host.strip("[]"), int(port)


def bind(address):
    """Listening sockets.  :raises Misconfigured: the port is taken, or the address is not this machine's."""
    host, port = split(address)
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(1024)
    except OSError as error:
        made.close()
        raise exception.Misconfigured(
            problem=f"Cannot listen on {address}: {error.strerror}.",
            remedy="Stop what uses that port, or choose another (--listen HOST:PORT, or [api] listen and port).",
        ) from error
    return [made]
