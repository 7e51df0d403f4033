"""doc/compatibility.rst, made from the tables that the conformance tests enforce: python -m tests.conformance.page.

A run that passes has proved what the page says: what is not in not_yet.tsv answers, every command of the story but
those in NOT_YET works, and every listed test of Tempest but those in tempest_not_passed.tsv passes; of the tests that
ship with clients those but the ones in functional_not_passed.tsv do, and of Tempest's scenarios those but the ones in
scenario_not_passed.tsv.
"""

import os
import re
import textwrap

from nova_lite.api.compute import routes
from tests.conformance import functional_clouds, openstack_commands, scenarios, stestr_runs, tables, tempest_cloud

PAGE = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "doc",
                    "compatibility.rst")

#: (capability, what belongs to it, what to know); the first that fits an entry's text has it.
CAPABILITIES = (
    ("The old path of servers on volumes", r" /os-volumes_boot", "Another name of ``/servers``, up to 2.102."),
    ("Power", r"\((os-start|os-stop|reboot|pause|unpause|suspend|resume|os-resetState|trigger_crash_dump)\)$", ""),
    ("Rescue, rebuild and resize", r"\((un)?rescue\)$|\(rebuild\)$|\((confirmR|revertR|r)esize\)$", ""),
    ("Shelving", r"\((un)?shelve(Offload)?\)$", ""),
    ("Soft deletion", r"\((restore|forceDelete)\)$", ""),
    ("Images of servers", r"\((createImage|createBackup)\)$", ""),
    ("Moving to another host",
     r"\((migrate|os-migrateLive|evacuate|force_complete)\)$|/migrations|GET /os-migrations",
     "Hosts do not take each other's servers yet: requests are checked as Nova checks them, and answered as it answers "
     "where no other host fits. Resizes are listed as the migrations that they are."),
    ("Consoles", r"Console|/remote-consoles|os-console-auth-tokens",
     "VNC (noVNC) and serial consoles. SPICE, RDP and MKS are refused as Nova refuses what is switched off."),
    ("Locks", r"\((un)?lock\)$", ""),
    ("Passwords", r"\(changePassword\)$|os-server-password",
     "A running guest's password is set through its guest agent, as Nova does on libvirt. What a guest leaves with the "
     "metadata service is shown."),
    ("Addresses, interfaces and security groups of servers",
     r"/ips|/os-interface|\((add|remove)(FixedIp|SecurityGroup|FloatingIp)\)$|/servers/.*os-security-groups"
     r"|\((inject|reset)Network(Info)?\)$", ""),
    ("Metadata and tags", r"/servers/{server_id}/(metadata|tags)", ""),
    ("Volumes and shares of servers", r"/os-volume_attachments|os-assisted-volume-snapshots|/servers/.*/shares",
     "There is no block storage and no share service: requests are checked as Nova checks them and answered as it "
     "answers where those services are missing. Servers boot from images."),
    ("History and diagnostics", r"/os-instance-actions|/diagnostics|/topology|os-server-external-events", ""),
    ("Servers", r" /servers", ""),
    ("Flavors", r" /flavors", ""),
    ("Key pairs", r" /os-keypairs", ""),
    ("Server groups", r" /os-server-groups", ""),
    ("Hosts, services, zones and aggregates", r" /os-(aggregates|availability-zone|hosts|hypervisors|services)", ""),
    ("Quotas, limits and usage",
     r" /os-(quota|simple-tenant-usage|instance_usage_audit_log)| /limits", ""),
    ("Proxies to other services",
     r" /images| /os-(networks|tenant-networks|security-group|floating-ip|volumes|snapshots|baremetal-nodes|fixed-ips)",
     "Thin views of the image and network APIs for old clients. Block storage and bare metal answer as Nova does where "
     "those services are missing."),
    ("The API itself", r"^GET /$| /versions| /extensions", ""),
)


def capability(entry):
    return next(title for title, pattern, _ in CAPABILITIES if re.search(pattern, str(entry)))


def text():
    lines = [*_HEAD.splitlines(), ""]
    live = [entry for entry in (*tables.routes(), *tables.actions()) if not entry.retired]
    lines += _summary(live)
    lines += ["What works", "----------", ""]
    for title, _, note in CAPABILITIES:
        lines += _group(title, note, [entry for entry in live if capability(entry) == title])
    lines += _retired() + _rules() + [*_DIFFERENT.splitlines(), ""]
    lines += _clients() + _tempest() + _scenarios() + _shipped()
    return "\n".join(lines).rstrip() + "\n"


_HEAD = """\
.. This page is made by: python -m tests.conformance.page

Compatibility with Nova
=======================

What of Nova's compute API works, from which microversion, and what does not and why. The page is made from the tables
that the conformance tests hold against the code, the unmodified ``openstack`` client and Tempest in every run, so it
says what the last run has proved; a test fails when it has grown old. :doc:`api` says how each action is done and
lists the routes of the other services.
"""


_DIFFERENT = """\
What is different on purpose
----------------------------

* Text with a NUL character, in a body or a filter, is 400: PostgreSQL cannot keep it.
* Regular expressions in filters are RE2's: one with backreferences or that looks ahead or behind is 400, and so is one
  longer than 255 characters, or a list whose filters take more than two seconds.
* Filters, limits and moments beyond what a database holds find nothing, or are 400, where Nova may answer 500.
* A POST may carry an ``Idempotency-Key`` (see :doc:`api`), of which Nova knows nothing.
"""


def _missing(entry):
    return tables.not_yet().get((entry.kind, str(entry)))


def _summary(live):
    works = [entry for entry in live if not _missing(entry)]
    commands = len(openstack_commands.STORY)
    rules = len(tables.rules())
    failing = len(openstack_commands.NOT_YET)
    rows = [("routes and actions of Nova 34", len(works), len(live)),
            ("routes and actions that Nova has retired (410)", len(_gone()), len(_gone())),
            ("policy rules, by name, default and place", rules - len(_missing_rules()), rules),
            ("commands of the ``openstack`` client", commands, commands + failing),
            ("Tempest's compute tests, and one of servers on aggregates", *(
                all_ - network for all_, network in zip(_passed("tempest."), _passed(_NETWORK), strict=True))),
            ("Tempest's network tests", *_passed(_NETWORK)),
            ("tests of neutron-tempest-plugin", *_passed(_PLUGIN)),
            ("Tempest's scenarios", *_pass(scenarios.listed(), scenarios.not_passed())),
            *((f"functional network tests of {each.title}", *_pass(each.listed(), functional_clouds.not_passed()))
              for each in functional_clouds.SUITES)]
    return _table(("what", "works", "of"), rows, (70, 15, 15)) + [
        f"Microversions {tables.OLDEST} to {tables.NEWEST} are spoken; a request without one gets {tables.OLDEST}.", ""]


def _group(title, note, entries):
    lines = [title, "~" * len(title), ""] + ([note, ""] if note else [])
    works = [(_shown(entry), _versions(entry)) for entry in entries if not _missing(entry)]
    if works:
        lines += _table(("request", "microversions"), works, (75, 25))
    lacks = [(_shown(entry), _missing(entry)) for entry in entries if _missing(entry)]
    if lacks:
        lines += ["Not there:", ""] + _table(("request", "why"), lacks, (50, 50))
    return lines


def _shown(entry):
    return f"``{entry}``"


def _versions(entry):
    first, last = entry.first != tables.OLDEST, entry.last != tables.NEWEST
    if first and last:
        return f"{entry.first} to {entry.last}"
    return f"from {entry.first}" if first else f"to {entry.last}" if last else "all"


def _gone():
    return [each for each in (*routes.ROUTES, *routes.ACTIONS) if each.target == "retired:gone"]


def _retired():
    resources = sorted({re.match(r"/([^/]+)", each.path).group(1) for each in routes.ROUTES
                        if each.target == "retired:gone"})
    return ["What Nova has retired", "---------------------", "",
            "These answer 410, or 404 above their last microversion, as Nova's do: "
            + ", ".join(f"``{each}``" for each in resources) + ", and parts of resources that are still there.", ""]


def _missing_rules():
    return {name: reason for (kind, name), reason in tables.not_yet().items() if kind == "rule"}


def _rules():
    lacks = [(f"``{name}``", reason) for name, reason in sorted(_missing_rules().items())]
    if not lacks:
        return []
    return ["Rules that are not there", "------------------------", "",
            *_table(("rule", "why"), lacks, (50, 50))]


def _clients():
    title = "The openstack client"
    kinds = sorted({" ".join(_words(command)) for command, _ in openstack_commands.STORY})
    lines = [title, "-" * len(title), "",
             "These commands are run by the unmodified client, and what each did is looked at:", "",
             *textwrap.wrap(", ".join(f"``{each}``" for each in kinds) + ".", 120, break_on_hyphens=False), ""]
    lacks = [(f"``openstack {command.rpartition(': ')[2]}``", reason)
             for command, reason in openstack_commands.NOT_YET.items()]
    return lines + (["These do not work:", "", *_table(("command", "why"), lacks, (60, 40))] if lacks else [])


#: The client's words for what it does; the name of a thing that follows is none.
_VERBS = {"list", "show", "create", "delete", "set", "unset", "add", "remove", "start", "stop", "reboot", "pause",
          "unpause", "suspend", "resume", "lock", "unlock", "rescue", "unrescue", "rebuild", "shelve", "unshelve",
          "resize", "confirm", "revert", "restore", "issue", "save", "migrate", "evacuate", "abort", "complete", "ssh"}


def _words(command):
    """The words of a command up to its verb, and the resource of "add" and "remove": ("server", "add", "port")."""
    words = re.match(r"[a-z -]*[a-z]", command.rpartition(": ")[2] + " ").group().split()
    for index, word in enumerate(words):
        if word in _VERBS:
            end = index + 1
            if word in ("add", "remove", "resize", "migration") and words[index + 1:index + 2] and \
                    words[index + 1] in _THINGS:
                end += 2 if words[index + 1] in _OF_TWO_WORDS else 1
            return words[:end]
    return words


_OF_TWO_WORDS = {"fixed", "floating", "security"}
_THINGS = _OF_TWO_WORDS | {"network", "port", "subnet", "volume", "host", "confirm", "revert"}


_NETWORK, _PLUGIN = ".api.network.", "neutron_tempest_plugin."


def _passed(part):
    """(how many of the listed tests with ``part`` in their names pass, how many there are)"""
    not_passed = tempest_cloud.not_passed()
    names = [name for name in map(stestr_runs.name_of, tempest_cloud.listed()) if part in name]
    return sum(name not in not_passed for name in names), len(names)


def _tempest():
    modules = sorted({name.rsplit(".", 2)[0] for name in map(stestr_runs.name_of, tempest_cloud.listed())})
    lines = ["Tempest", "-------", "",
             "Tests of Tempest's compute suite that need compute, identity, image and network services and one host, "
             "its whole network suite, and the API tests of neutron-tempest-plugin for extensions that are served: "
             "with dynamic credentials, a network and a router for each project (``create_isolated_networks``) and "
             "``max_microversion = latest``.", "",
             *_table(("module", "pass", "of"), [(f"``{_short(name)}``", *_passed(f"{name}.")) for name in modules],
                     (70, 15, 15))]
    if tempest_cloud.not_passed():
        lines += ["Not passed:", "", *_table(("test", "why"), _not_passed(), (60, 40))]
    return lines


def _not_passed():
    """(test, reason) rows; several tests of a class with one reason are one row."""
    classes = {}
    for name, reason in tempest_cloud.not_passed().items():
        classes.setdefault((name.rpartition(".")[0], reason), []).append(name)
    return [(f"``{_short(names[0])}``" if len(names) == 1 else f"``{_short(name)}``: {len(names)} tests", reason)
            for (name, reason), names in classes.items()]


def _pass(tests, reasons):
    """(how many of the tests pass, how many there are)"""
    return sum(stestr_runs.reason_of(each, reasons) is None for each in tests), len(tests)


def _scenarios():
    return ["Tempest's scenarios", "-------------------", "",
            "They log in to real guests, which QEMU emulates, by floating IPs and ssh. A run takes one of those that "
            "pass, and another every day; a full run takes all.", "",
            *_by_module(scenarios.listed(), scenarios.not_passed(), scenarios.PREFIX)]


def _by_module(tests, reasons, prefix):
    """How many tests pass of each module that has some, and why others do not.  :param prefix: of all names."""
    modules = sorted({stestr_runs.name_of(each).rsplit(".", 2)[0] for each in tests})
    rows = [(f"``{module.removeprefix(prefix)}``",
             *_pass([each for each in tests if each.startswith(f"{module}.")], reasons)) for module in modules]
    lacks = [(f"``{name.removeprefix(prefix)}``", reason) for name, reason in reasons.items()
             if name.startswith(prefix)]
    return [*_table(("module", "pass", "of"), [row for row in rows if row[1]], (70, 15, 15)),
            "Not passed:", "", *_table(("test, or all of a class or module", "why"), lacks, (60, 40))]


def _shipped():
    lines = ["Tests that ship with clients", "----------------------------", "",
             "The functional tests of networks of both packages, as pip installs them. Where an extension is not "
             "served, the tests skip themselves; that counts as not passed.", ""]
    reasons = functional_clouds.not_passed()
    for suite in functional_clouds.SUITES:
        lines += [suite.title, "~" * len(suite.title), "", *_by_module(suite.listed(), reasons, suite.prefix)]
    return lines


def _short(name):
    return name.removeprefix("tempest.")


def _table(head, rows, widths):
    lines = [".. list-table::", "   :header-rows: 1", f"   :widths: {' '.join(map(str, widths))}", ""]
    for row in (head, *rows):
        lines += [f"   {'* -' if index == 0 else '  -'} {cell}" for index, cell in enumerate(row)]
    return [*lines, ""]


if __name__ == "__main__":
    with open(PAGE, "w") as file:
        file.write(text())
