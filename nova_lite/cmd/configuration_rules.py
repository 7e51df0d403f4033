"""What values of options must be besides of their type, and what must be set together."""

import functools
import ipaddress
import os
import re
from urllib.parse import urlsplit

from oslo_config import types

from nova_lite.common import exceptions, service_backends
from nova_lite.common.hardware import processors

_WORDS = {"BoolOpt": "true or false", "URIOpt": "a URL", "HostAddressOpt": "an IP address or a host name",
          "IPOpt": "an IP address", "ListOpt": "words with commas between them", "DictOpt": "key:value pairs"}
_DATABASES = ("sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg", "mysql+pymysql", "mariadb+pymysql")


def takes(option):
    """What an option takes, in words: "a whole number from 1 to 65535"."""
    choices = getattr(option.type, "choices", None)
    if choices:
        return f"one of {', '.join(map(str, choices))}"
    if isinstance(option.type, types.Integer | types.Float):
        low, high = option.type.min, option.type.max
        kind = "a whole number" if isinstance(option.type, types.Integer) else "a number"
        return kind + (f" from {low}" if low is not None else "") + (f" to {high}" if high is not None else "")
    if getattr(option.type, "schemes", None):
        return f"a URL of {' or '.join(option.type.schemes)}"
    return _WORDS.get(type(option).__name__, "text")


def broken(values):
    """Yield (group, name, what is wrong) for each rule that ``values`` break.

    :param values: {(group, name): value}, of those options whose values are of their type.
    """
    yield from broken_values(values)
    for rule in TOGETHER:
        yield from rule(lambda group, name: values.get((group, name)))


def broken_values(values):
    """As ``broken``, for each value on its own."""
    for key, rule in RULES.items():
        value = values.get(key)
        if value not in (None, "", []):
            yield from ((*key, reason) for each in (value if isinstance(value, list) else [value])
                        if (reason := _objection(rule, each)))


def _objection(rule, value):
    """What ``rule`` says against ``value``; None: nothing."""
    try:
        rule(value)
    except ValueError as error:
        return str(error)
    return None


# ---- one value

def _range(text):
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(f"{text[:50]!r} is no range of addresses ({error})") from error


def _address(text):
    try:
        ipaddress.ip_address(text)
    except ValueError as error:
        raise ValueError(f"{text[:50]!r} is no IP address") from error


def _host(text):
    try:
        types.HostAddress()(text)
    except ValueError as error:
        raise ValueError("It is neither an IP address nor a host name") from error


def _url(*schemes):
    def check(text):
        try:
            parts = urlsplit(text)
            parts.port      # noqa: B018 - reading it raises where it is no number
        except ValueError as error:
            raise ValueError(f"It is no URL ({error})") from error
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(f"It is no URL such as {schemes[0]}://cloud.example.org")
    return check


def _origin(text):
    parts = urlsplit(text)
    if text != "*" and (not parts.netloc or text != f"{parts.scheme}://{parts.netloc}"):
        raise ValueError(f"{text[:50]!r} is no origin: right is scheme://host[:port] without a slash at the end, or *")


def _database(text):
    scheme, separator, _ = text.partition("://")
    if not separator or scheme not in _DATABASES:
        raise ValueError("It begins with none of " + ", ".join(f"{each}://" for each in _DATABASES))


def _listener(text):
    host, _, port = text.rpartition(":")
    if not host or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        raise ValueError("It is no HOST:PORT such as 127.0.0.1:9774")


def _processors(text):
    try:
        if not processors.numbers(text):
            raise ValueError("It names no processor")
    except exceptions.NovaLiteError as error:
        raise ValueError(f"{error}: right is a list such as 4-31,^8") from error


def _domain(text):
    labels = text.rstrip(".").split(".")
    if len(text) > 253 or not all(re.fullmatch(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)", each) for each in labels):
        raise ValueError("It is no domain name")


def _name(text):
    if len(text) > 255 or not text.isprintable() or any(each in text for each in " /\\") or text != text.strip():
        raise ValueError("A name has at most 255 printable characters, and no blank or slash")


def _zone(text):
    if ":" in text or len(text) > 255 or not text.isprintable():
        raise ValueError("A zone's name has at most 255 printable characters and no colon")


def _file(text):
    if os.path.isabs(text) and not os.path.isfile(text):
        raise ValueError("There is no such file")


def _bus(text):
    scheme = text.partition("://")[0]
    if scheme not in ("local", "rabbit", "fake"):
        raise ValueError("It begins with neither local:// nor rabbit://")


#: (group, name) -> what raises ValueError, saying what is wrong with a value or with one of a list.
RULES = {
    ("DEFAULT", "host"): _name, ("DEFAULT", "my_ip"): _host, ("DEFAULT", "transport_url"): _bus,
    ("database", "connection"): _database,
    ("metadata", "url"): _url("http", "https"), ("metadata", "listen"): _host,
    ("image", "url"): _url("http", "https"),
    **{(each, "backend"): functools.partial(service_backends.check, each) for each in ("image", "network")},
    ("vnc", "novncproxy_base_url"): _url("http", "https"),
    ("serial_console", "base_url"): _url("ws", "wss"),
    ("network", "default_ranges"): _range, ("network", "project_ranges"): _range,
    ("network", "dns_servers"): _address, ("network", "dns_domain"): _domain,
    ("compute", "cpu_dedicated_set"): _processors, ("compute", "cpu_shared_set"): _processors,
    ("cors", "allowed_origin"): _origin, ("metrics", "listen"): _listener,
    ("scheduler", "default_availability_zone"): _zone, ("oslo_policy", "policy_file"): _file,
}


# ---- what belongs together

def _physical_networks(get):
    nics = get("network", "physical_networks") or {}
    for name, device in nics.items():
        if not 1 <= len(name) <= 64:
            yield "network", "physical_networks", "A physical network's name has 1 to 64 characters"
        if not re.fullmatch(r"[A-Za-z0-9_.@-]{1,15}", device):
            yield "network", "physical_networks", f"{device[:50]!r} is no device's name"
    if len({*nics.values()}) < len(nics):
        yield "network", "physical_networks", "A NIC belongs to one physical network"


def _secret_of_metadata(get):
    if get("metadata", "url") and not get("metadata", "shared_secret"):
        yield "metadata", "shared_secret", ("It must be set where [metadata] url is, to the same text on all hosts and "
                                            "for nova-lite-metadata")


def _signs_of_life(get):
    interval, down = get("operations", "report_interval"), get("operations", "service_down_time")
    if interval and down and interval >= down:
        yield "operations", "report_interval", ("Each service would count as down between two signs of life: it must "
                                                f"be less than [operations] service_down_time, which is {down}")


def _pages(get):
    size, most = get("image", "page_size"), get("image", "max_page_size")
    if size and most and size > most:
        yield "image", "page_size", f"It must not be more than [image] max_page_size, which is {most}"


def _processors_apart(get):
    dedicated, shared = get("compute", "cpu_dedicated_set"), get("compute", "cpu_shared_set")
    if not dedicated or not shared or _objection(_processors, dedicated) or _objection(_processors, shared):
        return
    both = processors.numbers(dedicated) & processors.numbers(shared)
    if both:
        yield "compute", "cpu_shared_set", (f"Processor {min(both)} is also in [compute] cpu_dedicated_set, and no "
                                            "guest would have it to itself")


TOGETHER = (_secret_of_metadata, _signs_of_life, _pages, _processors_apart, _physical_networks)
