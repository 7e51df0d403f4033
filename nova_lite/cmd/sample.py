"""The samples of nova_lite.conf and policy.yaml: everything an operator may set, commented out, with its help.

Library options that operators set are told in our own words, so that the files do not change with the library.
"""

import importlib
import textwrap

from oslo_config import cfg

from nova_lite import conf
from nova_lite.common import policy

_LIBRARY_OPTIONS = {
    None: (
        cfg.StrOpt("transport_url", default="local://",
                   help="The bus between services: local:// within one process, or "
                        "rabbit://USER:PASSWORD@HOST:5672/VHOST (several: rabbit://USER:PASSWORD@HOST1:5672,"
                        "USER:PASSWORD@HOST2:5672/VHOST)."),
        cfg.IntOpt("rpc_response_timeout", default=60,
                   help="Seconds a service waits for another's answer before it counts as away."),
        cfg.BoolOpt("debug", default=False, help="Log more: every step, for finding faults."),
    ),
    "oslo_messaging_rabbit": (
        cfg.BoolOpt("ssl", default=False, help="Speak TLS with RabbitMQ."),
        cfg.StrOpt("ssl_ca_file", default="", help="Certificate of the authority that RabbitMQ's is checked against."),
        cfg.BoolOpt("rabbit_quorum_queue", default=False,
                    help="Use RabbitMQ's replicated queues. Doorbells may be lost, so this is not needed for safety."),
        cfg.IntOpt("heartbeat_timeout_threshold", default=60,
                   help="Seconds of silence after which RabbitMQ counts as away. 0: never."),
    ),
    "oslo_policy": (
        cfg.StrOpt("policy_file", default="policy.yaml",
                   help="File of rules that override the defaults; a relative name is looked up beside the "
                        "configuration file."),
    ),
}


def text():
    """A whole nova_lite.conf.  Every option is commented out and shows its default."""
    groups = {}
    for module in conf.modules():
        groups.setdefault(module.GROUP, []).extend(module.OPTS)
    for group, options in _LIBRARY_OPTIONS.items():
        groups.setdefault(group, []).extend(options)
    order = sorted(groups, key=lambda name: (name is not None, name or ""))
    return "\n".join(_group(name, groups[name]) for name in order)


def _group(name, options):
    return f"[{name or 'DEFAULT'}]\n\n" + "\n".join(map(_option, options))


def _option(option):
    lines = _wrapped(option.help) + [f"Type: {kind(option)}"]
    return "".join(f"# {line}\n" for line in lines) + f"#{option.name} = {shown(option) or ''}".rstrip() + "\n"


def _wrapped(text_):
    return textwrap.wrap(" ".join((text_ or "").split()), 100)


def kind(option):
    """An option's type in words: "int", "str, one of kvm, qemu"."""
    name = type(option).__name__.removesuffix("Opt").lower() or "string"
    choices = getattr(option.type, "choices", None)
    return f"{name}, one of {', '.join(map(str, choices))}" if choices else name


def shown(option):
    """An option's default as a file would say it."""
    value = option.sample_default if option.sample_default is not None else option.default
    if value is None:
        return "<none>"
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def policy_text():
    """A whole policy.yaml.  Every rule is commented out and shows its default."""
    importlib.import_module("nova_lite.policies")       # declares them
    return "\n".join(map(_rule, policy.declared()))


def _rule(rule):
    lines = _wrapped(rule.description) if rule.description else []
    lines += [f"{each['method']} {each['path']}" for each in getattr(rule, "operations", ())]
    return "".join(f"# {line}\n" for line in lines) + f'#"{rule.name}": "{rule.check_str}"\n'
