"""Run by Tempest's own interpreter: turn a subunit stream (standard input) into one JSON line a test.

Each line has ``test``, ``status`` (success, fail, skip, inprogress ...), ``seconds`` and ``text``: the
reason of a skip, the traceback of a failure.
"""

import json
import sys

import subunit
from testtools import StreamToDict


def _line(test):
    began, ended = test["timestamps"]
    details = {name: each.as_text() for name, each in test["details"].items() if each.content_type.type == "text"}
    return {"test": test["id"], "status": test["status"],
            "seconds": (ended - began).total_seconds() if began and ended else None,
            "text": "\n".join(details[name].strip() for name in sorted(details, key=lambda name: name != "traceback"))}


def _report(test):
    if test["id"] and test["status"] != "exists":
        print(json.dumps(_line(test)))


def main():
    results = StreamToDict(_report)
    results.startTestRun()
    subunit.ByteStreamToStreamResult(sys.stdin.buffer, non_subunit_name="output").run(results)
    results.stopTestRun()


if __name__ == "__main__":
    main()
