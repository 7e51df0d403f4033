"""The samples of nova_lite.conf and policy.yaml: everything an operator may set, commented out, with its help."""

import importlib
import textwrap

from nova_lite import conf
from nova_lite.cmd import library_options
from nova_lite.common import policy


def text():
    """A whole nova_lite.conf.  Every option is commented out and shows its default."""
    groups = {}
    for module in conf.modules():
        groups.setdefault(module.GROUP, []).extend(module.OPTS)
    for group, options in library_options.DOCUMENTED.items():
        groups.setdefault(group, []).extend(options)
    order = sorted(groups, key=lambda name: (name is not None, name or ""))
    return "\n".join(_group(name, groups[name]) for name in order)


def _group(name, options):
    return f"[{name or 'DEFAULT'}]\n\n" + "\n".join(map(_option, options))


def _option(option):
    lines = _wrapped(option.help) + [f"Type: {kind(option)}"]
    if option.deprecated_for_removal:
        lines += _wrapped(f"Deprecated: {option.deprecated_reason}")
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
    if isinstance(value, dict):
        return ",".join(f"{name}:{each}" for name, each in value.items())
    return str(value).lower() if isinstance(value, bool) else str(value)


def policy_text():
    """A whole policy.yaml.  Every rule is commented out and shows its default."""
    importlib.import_module("nova_lite.policies")       # declares them
    return "\n".join(map(_rule, policy.declared()))


def _rule(rule):
    lines = _wrapped(rule.description) if rule.description else []
    lines += [f"{each['method']} {each['path']}" for each in getattr(rule, "operations", ())]
    if rule.scope_types:
        lines.append(f"For tokens of: {', '.join(rule.scope_types)}")
    return "".join(f"# {line}\n" for line in lines) + f'#"{rule.name}": "{rule.check_str}"\n'
