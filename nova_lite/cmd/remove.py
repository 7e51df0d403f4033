"""``nova-lite remove``: take a whole cloud off this machine - guests, network, and its state directory."""

import argparse
import os
import shutil
import sys

from nova_lite.cmd import base, down, up
from nova_lite.common import exception
from nova_lite.conf import CONF


def run(arguments):
    """Stop the cloud and remove all it made.  0 when nothing is left."""
    place = os.path.abspath(arguments.state_dir)
    if not os.path.exists(os.path.join(place, "run", "nova-lite.lock")):
        print(f"There is no cloud in {place}.")
        return 0
    if not arguments.yes and not _sure(place):
        return 1
    status = down.run(argparse.Namespace(state_dir=place))
    if status:
        return status
    up.configure(arguments, place)
    base.set_up_log()
    try:
        _remove_from_host()
    except exception.NovaLiteError as error:
        print(f"nova-lite: {error}\nGuests may be left; mend that and run it again.", file=sys.stderr)
        return 1
    shutil.rmtree(place)
    print(f"Everything of the cloud in {place} is gone.")
    return 0


def _sure(place):
    print(f"This deletes every server, image and user of the cloud in {place}.")
    return input("Type 'yes' to go on: ") == "yes"


def _remove_from_host():
    """Guests first, then their network."""
    from nova_lite.cmd import services
    if CONF.compute.driver == "fake":
        return
    driver = services.make_driver()
    for server_id in driver.host.guests():
        driver.build.destroy(server_id)
    services.host_network(driver).destroy_all()
    driver.close()
