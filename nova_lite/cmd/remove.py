"""``nova-lite remove``: take a whole cloud off this machine - guests, network, and its state directory."""

import os
import shutil
import sys

from nova_lite.cmd import base, down, state_dir, up
from nova_lite.common import exceptions
from nova_lite.conf import CONF


def run(arguments):
    """Stop the cloud and remove all it made.  0 when nothing is left."""
    place = os.path.abspath(arguments.state_dir)
    if not os.path.exists(state_dir.lock_path(place)):
        print(f"There is no cloud in {place}.{state_dir.other_than(place)}")
        return 0
    if not arguments.yes and not _sure(place):
        print("Nothing is deleted.")
        return 1
    status, said = down.stop(place)
    if status:
        print(said, file=sys.stderr)
        return status
    try:
        up.configure(arguments, place)
        base.set_up_log()
        if CONF.compute.driver != "fake" and not _only_remembered(place):
            _remove_from_host()
    except exceptions.NovaLiteError as error:
        print(f"nova-lite: {error}\nGuests may be left; mend that and run it again.", file=sys.stderr)
        return 1
    _remove_files(place)
    return 0


def _sure(place):
    print(f"This deletes every server, image and user of the cloud in {place}.")
    try:
        return input("Type 'yes' to go on (or give --yes): ").strip() == "yes"
    except EOFError:
        print()
        return False


def _only_remembered(place):
    """Whether all guests were the fake driver's, of which no host knows; then no hypervisor is needed."""
    remembered, disks, networks = (os.path.join(place, name) for name in ("fake", "instances", "network"))
    return os.path.isdir(remembered) and not os.listdir(disks) and not os.listdir(networks)


def _remove_from_host():
    """Guests first, then their network."""
    from nova_lite.cmd import services
    driver = services.make_driver()
    for server_id in driver.host.guests():
        driver.build.destroy(server_id)
    services.host_network(driver).destroy_all()
    driver.close()


def _remove_files(place):
    """What a cloud makes goes; what else somebody keeps in the directory stays, for it may be his home."""
    for path in state_dir.ours(place):
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.remove(path)
    left = sorted(os.listdir(place))
    if left:
        print(f"The cloud in {place} is gone. Left there, as no cloud made it: {', '.join(left)}")
        return
    try:
        os.rmdir(place)
    except OSError as error:        # a file system of its own, or in a directory that is somebody else's
        print(f"Everything of the cloud in {place} is gone. The empty directory stays: {error.strerror}.")
    else:
        print(f"Everything of the cloud in {place} is gone.")
