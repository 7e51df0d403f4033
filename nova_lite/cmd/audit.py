"""``nova-lite audit``: what differs in this cloud, what was mended, and what to do about the rest."""

import datetime
import os
import sys
import textwrap
import time

from nova_lite.cmd import trace, up
from nova_lite.common import exceptions
from nova_lite.conf import CONF

_NUMBERS = {"took", "open", "found", "repaired"}        # columns
_WIDE = 110         # characters of a line
_TIMEOUT = 90      # seconds that a look asked for may take
_MENDING = "The auditor mends it when nothing is being done to it. If it stays, see the log."
_OFF = "The auditor would mend it, but [audit] repair is false."


def run(arguments):
    """0: no drift is open.  1: some is.  2: unknown, or not all parts looked that were asked to."""
    try:
        up.configure(arguments, os.path.abspath(arguments.state_dir))
        trace.check_database()
        unanswered = _look_now() if arguments.now else []
        report = gather(unanswered)
    except exceptions.NovaLiteError as error:
        print(f"nova-lite: {error}", file=sys.stderr)
        return 2
    if arguments.json:
        import json
        print(json.dumps(report, indent=2))
    else:
        print("\n".join(drawn(report)))
    return 2 if unanswered else int(report["open"] > 0)


def _look_now():
    """Let every part look that can, and wait for it.

    :returns: names of those that did not answer in time.
    :raises Misconfigured: no conductor runs.
    """
    from nova_lite import db
    from nova_lite.db import audit, drifts
    with db.reader() as session:
        running = audit.has_conductor(session, CONF.operations.service_down_time)
        silent = audit.silent_hosts(session, CONF.operations.service_down_time)
        wanted = {drifts.DATABASE, *audit.hosts(session) - silent}
    if not running:
        raise exceptions.Misconfigured(problem="No conductor runs, so nobody can look.",
                                      remedy="Start the cloud, or leave out --now to see what was known.")
    with db.writer() as session:
        drifts.ask(session, sorted(wanted))
    end = time.monotonic() + _TIMEOUT
    while time.monotonic() < end:
        time.sleep(0.2)
        with db.reader() as session:
            left = drifts.unanswered(session, wanted)
        if not left:
            break
    return sorted(map(_name, left))


def _name(part):
    return part.strip("()")


# ---- what is printed

def gather(unanswered=()):
    """The result as a dict; see ``doc/audit.rst``."""
    from nova_lite import db
    from nova_lite.db import audit, drifts
    from nova_lite.db.base import now
    with db.reader() as session:
        counted = {name: {} for name in ("drift_found", "drift_repaired")}
        for name, label, value in drifts.counters(session):
            if name in counted:
                counted[name][label] = value
        findings = [_finding(row) for row in drifts.listed(session)]
        by_kind = drifts.open_by_kind(session)
        looks = drifts.looks(session)
        hosts = sorted(audit.hosts(session))
        silent = audit.silent_hosts(session, CONF.operations.service_down_time)
    parts = [_part(part, looks.get(part), findings, part in silent, unanswered) for part in (drifts.DATABASE, *hosts)]
    return {"at": _moment(now()), "open": sum(by_kind.values()), **counted, "open_by_kind": by_kind, "parts": parts,
            "findings": findings}


def _part(part, look, findings, down, unanswered):
    name = _name(part)
    return {"part": name, "host": name == part, "down": down, "answered": name not in unanswered,
            "looked_at": _moment(look and look.looked_at), "seconds": look.seconds if look else None,
            "open": sum(each["part"] == name for each in findings)}


def _finding(row):
    from nova_lite.objects.drift import KINDS
    kind = KINDS.get(row.kind)
    remedy = (kind.remedy if kind else "") or (_MENDING if CONF.audit.repair else _OFF)
    return {"kind": row.kind, "part": _name(row.part), "subject": row.subject, "detail": row.detail, "times": row.times,
            "means": kind.means if kind else "", "remedy": remedy, "first_seen_at": _moment(row.first_seen_at),
            "last_seen_at": _moment(row.last_seen_at)}


def _moment(value):
    return value and value.isoformat(timespec="seconds") + "Z"


# ---- how it is drawn

def drawn(report):
    """Lines for people."""
    yield from _table(("part", "last look", "took", "open"), [
        (f"host {each['part']}" if each["host"] else each["part"], _ago(each, report["at"]), _took(each),
         each["open"] or "-") for each in report["parts"]])
    yield ""
    kinds = sorted({*report["drift_found"], *report["open_by_kind"]})
    if not kinds:
        yield "Nothing ever differed."
        return
    yield from _table(("drift", "found", "repaired", "open"), [
        (kind, *(report[name].get(kind) or "-" for name in ("drift_found", "drift_repaired", "open_by_kind")))
        for kind in kinds])
    yield ""
    yield from _open(report["findings"]) if report["findings"] else ["Nothing differs now."]


def _open(findings):
    for kind in sorted({each["kind"] for each in findings}):
        some = [each for each in findings if each["kind"] == kind]
        yield f"{kind}: {some[0]['means']}"
        for each in some:
            place = "" if each["part"] == "database" else f" on {each['part']}"
            yield f"  {each['subject']}{place}, since {each['first_seen_at']}" + (
                f": {each['detail']}" if each["detail"] else "")
        yield from textwrap.wrap(some[0]["remedy"], _WIDE, initial_indent="  -> ", subsequent_indent="     ",
                                 break_long_words=False, break_on_hyphens=False)


def _ago(part, moment):
    if part["looked_at"] is None:
        looked = "never"
    else:
        passed = datetime.datetime.fromisoformat(moment) - datetime.datetime.fromisoformat(part["looked_at"])
        seconds = max(0, round(passed.total_seconds()))
        looked = f"{seconds} s ago" if seconds < 120 else f"{seconds // 60} min ago"
    return looked + (", is down" if part["down"] else "" if part["answered"] else ", did not answer")


def _took(part):
    return "-" if part["looked_at"] is None else f"{part['seconds']:.3f} s"


def _table(head, rows):
    """Columns under their heads; numbers to the right."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield "  ".join(f"{cell:{'>' if name in _NUMBERS else '<'}{width}}"
                        for name, cell, width in zip(head, row, widths, strict=True)).rstrip()
