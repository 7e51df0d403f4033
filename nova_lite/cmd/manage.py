"""``nova-lite-manage``: the database's schema, the first users and flavors, the sample files."""

import argparse
import sys

from nova_lite.cmd import base, state_dir
from nova_lite.common import exception
from nova_lite.conf import CONF


def main(argv=None):
    arguments = _parser().parse_args(argv)
    try:
        files = [["--config-file", each] for each in base.existing(arguments.config_file)]
        base.configure(sum(files, []), "nova-lite-manage")
        return arguments.run(arguments)
    except exception.NovaLiteError as error:
        return base.fail(error)


def _parser():
    parser = argparse.ArgumentParser(prog="nova-lite-manage", description="Care for a nova_lite cloud.")
    parser.add_argument("--config-file", action="append", default=[], metavar="FILE")
    groups = parser.add_subparsers(title="groups", required=True, metavar="GROUP")

    database = groups.add_parser("db", help="the database").add_subparsers(required=True, metavar="COMMAND")
    database.add_parser("sync", help="upgrade the schema to this release's").set_defaults(run=_sync)
    database.add_parser("version", help="print the schema's revision").set_defaults(run=_version)

    config = groups.add_parser("config", help="the configuration").add_subparsers(required=True, metavar="COMMAND")
    sample = config.add_parser("sample", help="write a sample of nova_lite.conf with every option")
    sample.add_argument("--output", metavar="FILE", help="default: standard output")
    sample.set_defaults(run=_sample, text="text")
    rules = config.add_parser("policy", help="write a sample of policy.yaml with every rule")
    rules.add_argument("--output", metavar="FILE", help="default: standard output")
    rules.set_defaults(run=_sample, text="policy_text")

    bootstrap = groups.add_parser("bootstrap", help="make first users, roles, flavors and network where missing; "
                                                    "writes clouds.yaml into the state directory")
    bootstrap.set_defaults(run=_bootstrap)
    return parser


def _sync(_arguments):
    from nova_lite.db import migrate
    if not CONF.database.connection:
        state_dir.prepare(CONF.state_dir)       # the database is a file in it
    migrate.sync()
    print(f"The schema is at revision {migrate.version()}.")
    return 0


def _version(_arguments):
    from nova_lite.db import migrate
    print(migrate.version() or "empty")
    return 0


def _sample(arguments):
    from nova_lite.cmd import sample
    text = getattr(sample, arguments.text)()
    if not arguments.output:
        print(text, end="")
        return 0
    try:
        with open(arguments.output, "w") as file:
            file.write(text)
    except OSError as error:
        raise exception.Misconfigured(problem=f"Cannot write {arguments.output}: {error.strerror}.",
                                      remedy="Give --output a file that you may write.") from error
    return 0


def _bootstrap(_arguments):
    state_dir.prepare(CONF.state_dir)
    from nova_lite.cmd import bootstrap, welcome
    from nova_lite.cmd.doors import Doors
    from nova_lite.cmd.up import public_url
    from nova_lite.common import rpc
    from nova_lite.db import migrate
    migrate.check()
    rpc.init()
    bootstrap.run(Doors())
    welcome.write(CONF.state_dir, CONF.api.public_endpoint or public_url(), "")
    print(f"Credentials are in {CONF.state_dir}/clouds.yaml.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
