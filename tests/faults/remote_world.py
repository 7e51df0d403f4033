"""Simulated clouds with a service that is somebody else's: it never dies with the cloud, but not all that it is asked
arrives, is allowed or is answered.
"""

import copy
import types

from nova_lite.common import exceptions, failpoints
from nova_lite.conf import CONF
from nova_lite.image import api as image_api
from nova_lite.network import api as network_api
from tests import remote_image_backend, remote_network_backend
from tests.faults import invariants
from tests.faults.world import World
from tests.remote_image_service import ImageService
from tests.remote_network_service import NetworkService
from tests.remote_services import Client, Refused, refusal

_TIMEOUT = 2.0      # seconds that an answer is waited for
_TRAVEL = 0.005     # seconds that a request, or its answer, is under way


class RemoteWorld(World):
    """:ivar remote: what the service knows.  :ivar request: what is being asked of it: method, path, values.
    :cvar group: of its backend's option.  :cvar service: makes a service that knows nothing.
    """

    group, service = None, None

    def __init__(self, seed, snapshot=None):
        super().__init__(seed, snapshot)
        self.remote = snapshot.remote.copy() if snapshot and snapshot.remote else self.service()
        self.request = None
        self._away_until = 0.0

    def configure(self, patch):
        CONF.set_override("backend", "remote", group=self.group)
        patch.setitem(self.backends, "remote", lambda: self.backend(Wire(self)))

    def carry(self, method, path, values):
        """Bring a request to the service, and its answer back.  :raises PeerAway, NotFound, Conflict: as a Client."""
        simulation = self.simulation
        if simulation.task is None:         # a test asks for itself
            return self._asked(method, path, values)
        point = f"http.{method.lower()}_{path.split('?')[0].split('/')[1]}"
        simulation.sleep(_TRAVEL)
        if simulation.clock < self._away_until:
            self._not_answered()
        self.request = method, path, values
        if failpoints.watching:
            failpoints.hit(f"{point}.before_request")
        found = self._asked(method, path, values)
        if failpoints.watching:
            failpoints.hit(f"{point}.after_request")
        simulation.sleep(_TRAVEL)
        return found

    def _asked(self, method, path, values):
        try:
            return copy.deepcopy(self.remote.answer(method, path, copy.deepcopy(values)))
        except Refused as error:
            raise refusal(error.status, str(error)) from error

    def _not_answered(self):
        self.simulation.sleep(_TIMEOUT)
        raise exceptions.PeerAway("no answer")

    # ---- faults

    def _do_undelivered(self, _fault):
        """It never arrives."""
        self._not_answered()

    def _do_lost(self, _fault):
        """It is done, and the answer is lost."""
        self._not_answered()

    def _do_late(self, fault):
        """It arrives when nobody waits for its answer any more."""
        self.simulation.at(fault.after, self._done_late, *self.request)
        self._not_answered()

    def _done_late(self, method, path, values):
        self.simulation.note(f"{method} {path} arrives late")
        try:
            self._asked(method, path, values)
        except exceptions.NovaLiteError as error:
            self.simulation.note(f"and is refused: {error}")

    def _do_refused(self, _fault):
        raise exceptions.Conflict("The matrix wants it.")

    def _do_broken(self, _fault):
        raise exceptions.PeerAway("500 Internal Server Error")

    def _do_away(self, fault):
        """Nobody reaches the service for a while."""
        self._away_until = self.simulation.clock + fault.after
        self.trouble_until(self._away_until)
        self._not_answered()

    # ---- looking

    def settle(self, bound=invariants.BOUND):
        """As any world; then what is owed to the service is undone, in time."""
        super().settle(bound)
        self.simulation.run(bound, until=lambda: not self.query(
            "SELECT count(*) FROM service_changes WHERE state IN ('wanted', 'unwanted')")[0][0])

    def keep(self, name):
        kept = super().keep(name)
        return type(kept)(**{**vars(kept), "remote": self.remote.copy()})


class RemoteNetworkWorld(RemoteWorld):
    group, service, backends = "network", NetworkService, network_api._BACKENDS
    backend = remote_network_backend.Backend

    def view(self):
        view = super().view()
        view.remote = types.SimpleNamespace(ports=self.remote.of_kind("ports"))
        return view


class RemoteImageWorld(RemoteWorld):
    """Hosts send their copies to the service itself."""

    group, service, backends = "image", ImageService, image_api._BACKENDS

    @staticmethod
    def backend(client):
        return remote_image_backend.Backend(client, "http://images.example")

    def upload(self, image, path, _cancelled):
        with open(path, "rb") as file:
            return self._status("PUT", f"/images/{image.id}/file", {"data": file.read()})

    def is_active(self, image):
        try:
            return self.carry("GET", f"/images/{image.id}", {})["status"] == "active"
        except exceptions.NotFound:
            return False
        except exceptions.PeerAway as error:
            raise ConnectionResetError(str(error)) from error

    def _status(self, method, path, values):
        try:
            self.carry(method, path, values)
        except exceptions.PeerAway as error:
            raise ConnectionResetError(str(error)) from error
        except exceptions.NovaLiteError as error:
            return error.status
        return 204

    def view(self):
        view = super().view()
        view.remote_images = [types.SimpleNamespace(**each, deleted_at=None) for each in self.remote.images]
        return view


class Wire(Client):
    def __init__(self, world):
        self._world = world

    def _ask(self, method, path, values):
        return self._world.carry(method, path, values)
