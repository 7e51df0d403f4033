"""Nova's surface as tables of facts (``data/``): routes, actions and rules of its release 34, and what is not here.

The rules of Keystone 30, Glance 33 and Neutron 29 are there too; ``tools/service_policies.py`` writes them all.
"""

import csv
import os
import re
from dataclasses import dataclass

_HERE = os.path.dirname(__file__)
OLDEST, NEWEST = "2.1", "2.104"


@dataclass(frozen=True)
class Entry:
    """A route, or (with ``action``) what one action does.

    :ivar first, last: the microversions it is there from and to.  :ivar retired: it answers 410.
    """

    method: str
    path: str
    action: str | None
    first: str
    last: str
    retired: bool

    def __str__(self):
        return f"{self.method} {self.path}" + (f" ({self.action})" if self.action else "")

    @property
    def kind(self):
        return "action" if self.action else "route"


@dataclass(frozen=True)
class Rule:
    """A policy: its default, and where it is asked ("METHOD /path" or "METHOD /path (action)").

    :ivar scope_types: scopes of tokens that may use it; empty: any.
    """

    name: str
    default: str
    scope_types: tuple
    operations: tuple

    def __str__(self):
        return self.name


def _rows(name):
    with open(os.path.join(_HERE, *name)) as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def _entry(row, method, path, action):
    first = row["first"] if row["first"] not in ("", "2.0") else OLDEST
    return Entry(method, path, action, first, row["last"] or NEWEST, row["note"] == "retired")


def routes():
    return [_entry(row, row["method"], row["path"], None) for row in _rows(("data", "routes.tsv"))]


def actions():
    return [_entry(row, "POST", row["path"], row["action"]) for row in _rows(("data", "actions.tsv"))]


def rules(service="nova"):
    """Those of "nova", "keystone", "glance" or "neutron"."""
    return [Rule(row["rule"], row["default"], tuple(row["scope_types"].split()),
                 tuple(each.strip() for each in row["operations"].split(";") if each))
            for row in _rows(("data", "policies", f"{service}.tsv"))]


def rules_different():
    """{(service, rule): why ours allows something else}"""
    return {(row["service"], row["rule"]): row["reason"] for row in _rows(("rules_different.tsv",))}


def not_yet():
    """{(kind, name): reason}; kinds are "route", "action" and "rule"."""
    return {(row["kind"], row["name"]): row["reason"] for row in _rows(("not_yet.tsv",))}


def anonymous(text):
    """An operation without the names of its ids, which differ from table to table, and without a slash at its end."""
    return re.sub(r"{\w+}", "{}", text).replace("/ ", " ").rstrip("/")


def before(version):
    major, minor = version.split(".")
    return f"{major}.{int(minor) - 1}"


def after(version):
    major, minor = version.split(".")
    return f"{major}.{int(minor) + 1}"
