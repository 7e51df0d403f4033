"""The configuration, read whole and checked before a service starts: each value, each name, and what belongs together.

An unknown option or group is an error and not a warning: these files are nova_lite's alone, and a cloud with a
misspelt quota, or on the default database because of ``[databse]``, is another than the one that was meant.  All that
is wrong is said at once, each with file, line, value and what is right.

Nothing of nova_lite that starts threads may be imported here: the concurrency is not chosen yet.
"""

import collections
import difflib
import glob
import math
import os
import re

from oslo_config import cfg

from nova_lite.cmd import configuration_rules, library_options
from nova_lite.common import exceptions
from nova_lite.common.brief import brief

#: One assignment of a file: ``group`` is "DEFAULT" where no other is named, ``name`` has underscores.
Line = collections.namedtuple("Line", "path number group name value")

_ASSIGNMENT = re.compile(r"([^\s=:#;][^=:]*?)\s*[=:](.*)")
_GROUP = re.compile(r"\[([^\]]*)\]")
_PLACE = re.compile(r"(.+?):(\d+): ")
_NO_NUMBER = re.compile("invalid literal for int|could not convert string to float")
_LONGEST = 200                      # characters of a value that is shown
#: Numbers without a bound of their own: seconds and counts that C, a timer or a column can hold.
_MOST, _MOST_BIG = 2 ** 31 - 1, 2 ** 63 - 1


def check(conf):
    """:raises Misconfigured: naming everything that is wrong in ``conf`` and the files that it was read from."""
    files = [each for path in _paths(conf) for each in lines(path)]
    last = {(each.group, each.name): each for each in files}
    options = dict(_registered(conf))
    problems = [_unknown(each, options) for each in files if (each.group, each.name) not in options
                and not _of_a_library(each)]
    problems += [_library_value(each) for each in last.values() if (each.group, each.name) not in options]
    values = {}
    for key, option in options.items():
        try:
            values[key] = _read(conf, key)
        except (ValueError, cfg.Error) as error:
            problems.append(_wrong(last, key, option, _reason(error)))
            continue
        if _beyond(option, values[key]):
            problems.append(_wrong(last, key, option, "It is no number that can be counted to"))
    for group, name, reason in configuration_rules.broken(values):
        problems.append(_wrong(last, (group, name), options[group, name], reason, right=False))
    _raise(problems)


def check_early(conf, paths):
    """Check what the command line knows as well: while it reads such a value oslo.config ends the process, and names
    neither file nor line.

    :raises Misconfigured: as ``check``.
    """
    known = {("DEFAULT", each["opt"].dest): each["opt"] for each in conf._opts.values() if each["cli"]}
    problems = []
    for line in (each for path in paths if os.path.isfile(path) for each in lines(path)):
        option = known.get((line.group, line.name))
        if option is None or "$" in line.value:
            continue
        try:
            option.type(line.value)
        except ValueError as error:
            problems.append(_text(line, option, _reason(error)))
    _raise(problems)


def _raise(problems):
    problems = sorted({each for each in problems if each}, key=_place)
    if problems:
        raise exceptions.Misconfigured(problem="The configuration is wrong.", remedy="\n  " + "\n  ".join(problems))


def _place(text):
    """Sort key: by file and line, then what stands in no file."""
    found = _PLACE.match(text)
    return (found[1], int(found[2]), text) if found else ("\U0010ffff", 0, text)


def lines(path):
    """Yield a Line for each assignment of a file; what it has besides, oslo.config refuses when it reads it."""
    group = "DEFAULT"
    with open(path, errors="replace") as file:
        for number, text in enumerate(file, start=1):
            if not text.strip() or text[0] in "#; \t":      # a line that begins with a blank goes on with the last one
                continue
            if named := _GROUP.match(text):
                group = named[1].strip()
            elif assigned := _ASSIGNMENT.match(text):
                yield Line(path, number, group, assigned[1].replace("-", "_"), assigned[2].strip())


def _paths(conf):
    folders = conf.config_dir or ()
    files = [*(conf.config_file or ()), *(path for folder in folders for path in sorted(glob.glob(f"{folder}/*.conf")))]
    return [os.path.abspath(each) for each in files if os.path.isfile(each)]


def _registered(conf):
    """Yield ((group, name), option); an option that had other names under these too."""
    for group, known in [("DEFAULT", conf._opts), *((name, each._opts) for name, each in conf._groups.items())]:
        for each in known.values():
            option = each["opt"]
            yield (group, option.dest), option
            for old in option.deprecated_opts:
                yield (old.group or group, (old.name or option.name).replace("-", "_")), option


def _read(conf, key):
    group, name = key
    values = conf if group == "DEFAULT" else conf[group]
    if name not in values:          # an old name, which is read under the new one
        return None
    return values[name]


# ---- options of libraries

def _of_a_library(line):
    return line.name in library_options.NAMES.get(line.group, ())


def _library_value(line):
    for option in library_options.DOCUMENTED.get(None if line.group == "DEFAULT" else line.group, ()):
        if option.dest == line.name and "$" not in line.value:
            try:
                value = option.type(line.value)
            except ValueError as error:
                return _text(line, option, _reason(error))
            return next((_text(line, option, reason, right=False) for _, _, reason
                         in configuration_rules.broken_values({(line.group, line.name): value})), None)
    return None


# ---- in words

def _unknown(line, options):
    groups = {group for group, _ in options} | library_options.NAMES.keys()
    if line.group not in groups:
        near = difflib.get_close_matches(line.group, groups, 1)
        return f"{line.path}:{line.number}: there is no group [{brief(line.group, _LONGEST)}]{_or(near, '[{}]')}"
    names = {name for group, name in options if group == line.group}
    names |= library_options.NAMES.get(line.group, set())
    elsewhere = sorted(group for group, name in options if name == line.name)
    near = difflib.get_close_matches(line.name, names, 1)
    hint = _or(near, "{}") if near or not elsewhere else _or(elsewhere[:1], "[{}] " + line.name)
    return f"{line.path}:{line.number}: [{line.group}] has no option {brief(line.name, _LONGEST)}{hint}"


def _or(found, form):
    return f"; is {form.format(found[0])} meant?" if found else "."


def _wrong(last, key, option, reason, right=True):
    """:param right: whether to add what the option takes."""
    line = last.get(key) or next((last[old] for old in _old_names(key, option) if old in last), None)
    return _text(line or Line(None, None, *key, None), option, reason, right)


def _old_names(key, option):
    for old in option.deprecated_opts:
        yield old.group or key[0], (old.name or option.name).replace("-", "_")


def _text(line, option, reason, right=True):
    where = f"{line.path}:{line.number}: " if line.path else ""
    value = "<unset>" if line.value is None else "<not shown>" if option.secret else brief(line.value, _LONGEST)
    takes = f" Right is {configuration_rules.takes(option)}." if right else ""
    return f"{where}[{line.group}] {line.name} = {value}: {reason}.{takes}"


def _reason(error):
    """What oslo.config says after it said where; what Python says of a number, in words."""
    text = str(error).partition("is not valid: ")
    if _NO_NUMBER.match(text[2] or text[0]):
        return "It is no number"
    return brief(" ".join((text[2] or text[0]).split()), _LONGEST).rstrip(".")


def _beyond(option, value):
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if not math.isfinite(value):
        return True
    limit = getattr(option.type, "max", None)
    most = _MOST if limit is None and abs(option.default or 0) <= _MOST else _MOST_BIG
    return abs(value) > most
