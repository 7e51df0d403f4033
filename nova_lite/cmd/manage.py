"""``nova-lite-manage``: the database's schema, the first users and flavors, the sample files."""

import argparse
import sys

from nova_lite.cmd import base, state_dir
from nova_lite.common import exceptions
from nova_lite.conf import CONF


def main(argv=None):
    arguments = _parser().parse_args(argv)
    try:
        files = [["--config-file", each] for each in base.existing(arguments.config_file)]
        base.configure(sum(files, []), "nova-lite-manage")
        return arguments.run(arguments)
    except exceptions.NovaLiteError as error:
        return base.fail(error)


def _parser():
    parser = argparse.ArgumentParser(prog="nova-lite-manage", description="Care for a nova_lite cloud.")
    parser.add_argument("--config-file", action="append", default=[], metavar="FILE")
    groups = parser.add_subparsers(title="groups", required=True, metavar="GROUP")

    database = groups.add_parser("db", help="the database").add_subparsers(required=True, metavar="COMMAND")
    database.add_parser("sync", help="upgrade the schema to this release's").set_defaults(run=_sync)
    purge = database.add_parser("purge", help="delete now what a conductor would delete in the background: deleted "
                                              "servers and old operations")
    purge.add_argument("--deleted-days", type=_days, metavar="N",
                       help="servers deleted N days ago or before; default: [database] purge_deleted_days")
    purge.add_argument("--operations-days", type=_days, metavar="N",
                       help="operations and migrations that ended N days ago or before; default: [database] "
                            "purge_operations_days")
    purge.add_argument("--dry-run", action="store_true", help="only count")
    purge.set_defaults(run=_purge)
    database.add_parser("version", help="print the schema's revision").set_defaults(run=_version)

    config = groups.add_parser("config", help="the configuration").add_subparsers(required=True, metavar="COMMAND")
    sample = config.add_parser("sample", help="write a sample of nova_lite.conf with every option")
    sample.add_argument("--output", metavar="FILE", help="default: standard output")
    sample.set_defaults(run=_sample, text="text")
    rules = config.add_parser("policy", help="write a sample of policy.yaml with every rule")
    rules.add_argument("--output", metavar="FILE", help="default: standard output")
    rules.set_defaults(run=_sample, text="policy_text")

    image = groups.add_parser("image", help="the image store").add_subparsers(required=True, metavar="COMMAND")
    purge = image.add_parser("purge-quarantine", help="remove files of which the database did not know, after so long")
    purge.add_argument("--older-than", type=int, metavar="DAYS", help="default: [image] quarantine_days")
    purge.set_defaults(run=_purge_quarantine)

    cloud = groups.add_parser("cloud", help="which cloud this is").add_subparsers(required=True, metavar="COMMAND")
    cloud.add_parser("id", help="print the cloud's id").set_defaults(run=_cloud_id)
    cloud.add_parser("adopt", help="declare that the database and the state directory belong together from now on, "
                                   "after one of them was lost; makes keys that are missing"
                     ).set_defaults(run=_adopt)

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


def _days(text):
    if not text.isdecimal() or not 0 < int(text) < 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days: a whole number from 1 is")
    return int(text)


def _purge(arguments):
    from nova_lite import db
    from nova_lite.conductor import purge
    from nova_lite.db import migrate
    from nova_lite.db import purge as rows
    migrate.check()
    deleted = CONF.database.purge_deleted_days if arguments.deleted_days is None else arguments.deleted_days
    old = CONF.database.purge_operations_days if arguments.operations_days is None else arguments.operations_days
    if arguments.dry_run:
        with db.reader() as session:
            servers = rows.count_servers(session, deleted) if deleted else 0
            operations = rows.count_operations(session, old) if old else 0
        print(f"{servers} deleted server(s) and {operations} operation(s) would be purged.")
        return 0
    done = purge.run(deleted, old)
    print(f"Purged: {done['servers']} deleted server(s), {done['operations']} operation(s), "
          f"{done['migrations']} migration(s), "
          f"{done['expired']} expired token(s), key(s) and event(s).")
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
        raise exceptions.Misconfigured(problem=f"Cannot write {arguments.output}: {error.strerror}.",
                                      remedy="Give --output a file that you may write.") from error
    return 0


def _purge_quarantine(arguments):
    import os

    from nova_lite.image.api import Store
    days = CONF.image.quarantine_days if arguments.older_than is None else arguments.older_than
    old = Store().quarantined(days * 86400)
    for path, size in old:
        os.remove(path)
        print(f"{path}  {size} bytes")
    print(f"{len(old)} file(s) removed that were in quarantine for {days} days or longer.")
    return 0


def _cloud_id(_arguments):
    from nova_lite import db
    from nova_lite.db import cloud, migrate
    migrate.check()
    with db.reader() as session:
        row = cloud.get(session)
    print(row.cloud_id if row else "none: this database is of no cloud yet")
    return 0


def _adopt(_arguments):
    state_dir.prepare(CONF.state_dir)
    lock = state_dir.Lock(state_dir.lock_path(CONF.state_dir))
    from nova_lite.cmd import cloud_check
    from nova_lite.db import migrate
    migrate.sync()
    print(f"This is cloud {cloud_check.adopt()}. What its database does not know is left alone: nova-lite audit names "
          "it.")
    lock.release()
    return 0


def _bootstrap(_arguments):
    state_dir.prepare(CONF.state_dir)
    from nova_lite.cmd import bootstrap, cloud_check, clouds_yaml
    from nova_lite.cmd.facades import Facades
    from nova_lite.cmd.up import public_url
    from nova_lite.common import rpc
    from nova_lite.db import migrate
    migrate.check()
    cloud_check.claim()
    rpc.init()
    bootstrap.run(Facades())
    clouds_yaml.write(CONF.state_dir, CONF.api.public_endpoint or public_url(), "")
    print(f"Credentials are in {CONF.state_dir}/clouds.yaml.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
