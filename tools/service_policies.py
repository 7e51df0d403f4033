"""Writes the policy rules of Nova, Keystone, Glance and Neutron as tables, for the tests that hold ours against them.

Run it for a new release in a virtual environment of its own, which needs nothing of this project::

    python3 -m venv /tmp/oracle
    /tmp/oracle/bin/pip install nova==34.0.0 keystone==30.0.0 glance==33.0.0 neutron==29.0.0
    /tmp/oracle/bin/python tools/service_policies.py tests/conformance/data/policies
"""

import csv
import importlib
import pathlib
import sys

#: {service: the function that gives its rules}
SERVICES = {"nova": "nova.policies", "keystone": "keystone.common.policies", "glance": "glance.policies",
            "neutron": "neutron.conf.policies"}
COLUMNS = ("rule", "default", "scope_types", "operations")


def operations(rule):
    """"METHOD /path; METHOD /path (action)" of one rule; empty for those that only others refer to."""
    found = []
    for each in getattr(rule, "operations", None) or ():
        methods = each["method"] if isinstance(each["method"], list) else [each["method"]]
        found += [f"{method} {each['path'].strip()}" for method in methods]
    return "; ".join(found)


def main(folder):
    for service, module in SERVICES.items():
        rules = importlib.import_module(module).list_rules()
        with open(pathlib.Path(folder, f"{service}.tsv"), "w") as file:
            writer = csv.writer(file, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None)
            writer.writerow(COLUMNS)
            for rule in rules:
                writer.writerow((rule.name, " ".join(str(rule.check_str).split()), " ".join(rule.scope_types or ()),
                                 operations(rule)))


if __name__ == "__main__":
    main(sys.argv[1])
