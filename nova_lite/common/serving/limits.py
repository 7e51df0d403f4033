"""What one client of an HTTP server may take, and how many file descriptors there are for all of them."""

import dataclasses
import ipaddress
import resource

from nova_lite.conf import CONF

_DESCRIPTORS = 65536        # more would only make programs that close all of theirs slow to start


@dataclasses.dataclass(frozen=True)
class Limits:
    """Times in seconds, sizes in bytes.  Only the time a server waits for a client counts."""

    connections: int = 1000         # open at once on all sockets of a server
    per_address: int = 0            # of these, how many one address may have; 0: any number
    exempt: tuple = ()              # ip_networks to which per_address does not apply
    threads: int = 32               # requests at once in threading mode
    idle: float = 75.0              # a kept-alive connection waits for its next request
    head: float = 20.0              # a new connection's first request, from connecting to the end of its headers
    body: float = 30.0              # a whole body, where it is no stream
    rate: int = 1024                # bytes a second that a streamed body, and any answer, makes in the long run
    grace: float = 60.0             # silence that a stream or an answer may have in spite of it
    line: int = 16384               # the request line
    headers: int = 65536            # all headers together
    chunk: int = 4096               # smaller pieces of a streamed answer are sent together

    def places(self):
        """``connections``, or what the process's file descriptors allow: half of them are for everything else."""
        return max(8, min(self.connections, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2))


def configured_limits():
    """The Limits of the servers that are open to users, from ``[http]``."""
    http = CONF.http
    return Limits(connections=http.max_connections, per_address=http.max_connections_per_address,
                  exempt=exempt_networks(), threads=http.threads, idle=http.idle_timeout, head=http.head_timeout,
                  body=http.body_timeout, rate=http.min_rate, grace=http.stall_timeout)


def exempt_networks():
    """The networks of ``[http] proxy_addresses``."""
    return tuple(ipaddress.ip_network(each, strict=False) for each in CONF.http.proxy_addresses)


def raise_descriptors():
    """Allow this process as many open files as it may allow itself; many systems start with 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
