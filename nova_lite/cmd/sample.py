"""The sample of nova_lite.conf: every option of ours with its help, and those of libraries that operators set."""

import textwrap

from nova_lite import conf
from nova_lite.common import rpc

_LIBRARY_OPTIONS = {None: ("transport_url", "rpc_response_timeout"),
                    "oslo_messaging_rabbit": ("ssl", "ssl_ca_file", "rabbit_quorum_queue",
                                              "heartbeat_timeout_threshold")}


def text():
    """The whole file.  Every option is commented out and shows its default."""
    groups = {}
    for module in conf.modules():
        groups.setdefault(module.GROUP, []).extend(module.OPTS)
    for group, options in _library_options().items():
        groups.setdefault(group, []).extend(options)
    order = sorted(groups, key=lambda name: (name is not None, name or ""))
    return "\n".join(_group(name, groups[name]) for name in order)


def _library_options():
    rpc.register_opts()
    found = {}
    for group, names in _LIBRARY_OPTIONS.items():
        place = conf.CONF if group is None else getattr(conf.CONF, group)._group
        options = place._opts
        found[group] = [options[name]["opt"] for name in names if name in options]
    return found


def _group(name, options):
    return f"[{name or 'DEFAULT'}]\n\n" + "\n".join(map(_option, options))


def _option(option):
    lines = textwrap.wrap(" ".join((option.help or "").split()), 100)
    lines += [f"Type: {_type(option)}"]
    shown = option.sample_default if option.sample_default is not None else option.default
    return "".join(f"# {line}\n" for line in lines) + f"#{option.name} = {_value(shown)}\n"


def _type(option):
    kind = type(option).__name__.removesuffix("Opt").lower() or "string"
    choices = getattr(option.type, "choices", None)
    return f"{kind}, one of {', '.join(map(str, choices))}" if choices else kind


def _value(value):
    if value is None:
        return "<none>"
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


