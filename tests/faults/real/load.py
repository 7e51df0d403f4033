"""A bounded mixed load of users who create, change and delete, and remember everything they were promised.

Each client is a thread with its own servers.  What was answered with success becomes a promise for the invariants
checker; what was refused in a clear way (409, 503, ...) is counted; a 500 is a failure of the cloud.
"""

import collections
import random
import threading
import time
import uuid

import requests

from tests import clouds
from tests.faults import invariants

#: What may be answered while the cloud is being broken: states that forbid it, quota, and a cloud that says "not now".
CLEAR = {400, 403, 404, 409, 429, 503}


class Load:
    """:param cloud: a clouds.Cloud.  :param tokens, image, network: what a client needs, asked before all breaks."""

    def __init__(self, cloud, seed, clients=4, *, flavor="42", image=None, pause=0.15, most=4):
        self.cloud = cloud
        self.flavor, self.pause, self.most = flavor, pause, most
        self.image = image or cloud.image_id()
        self.network = cloud.network_id()
        self.token = cloud.token()
        self.promises = []
        self.answers = collections.Counter()        # (what, status or the exception's name) -> how often
        self.wrong = []                             # answers that no client should ever get
        self.slowest = 0.0
        self._stopping = threading.Event()
        self._clients = [Client(self, random.Random(f"{seed}/{number}"), number) for number in range(clients)]
        self._threads = [threading.Thread(target=each.run, args=(self._stopping,), daemon=True)
                         for each in self._clients]

    def __enter__(self):
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        for each in self._threads:
            each.join(90)
        assert not any(each.is_alive() for each in self._threads), "a client still waits for its answer"

    def until_accepted(self, least):
        """Go on until more than ``least`` requests were accepted, however slow the machine is."""
        clouds.until(f"{least} requests are accepted", lambda: self.accepted > least)

    @property
    def accepted(self):
        return sum(count for (_, status), count in self.answers.items() if status in (200, 201, 202, 204))


class Client:
    def __init__(self, load, rng, number):
        self._load = load
        self._random = rng
        self._number = number
        self._http = requests.Session()
        self._http.trust_env = False
        self._servers = []
        self._ports, self._keypairs, self._images = [], [], []

    def run(self, stopping):
        while not stopping.wait(self._random.uniform(0.3, 1.7) * self._load.pause):
            self._choose()()

    def _choose(self):
        acts = [(3, self._create), (1, self._port), (1, self._keypair), (1, self._image), (1, self._twice)]
        if self._servers:
            acts += [(2, self._stop), (2, self._start), (1, self._reboot), (1, self._reset), (2, self._show)]
        if len(self._servers) >= self._load.most:
            acts = [(9, self._delete), *acts[1:]]
        elif self._servers:
            acts.append((1, self._delete))
        weights, choices = zip(*acts, strict=True)
        return self._random.choices(choices, weights)[0]

    # ---- what they do

    def _body(self):
        return {"server": {"name": f"c{self._number}-{self._random.randrange(1000)}", "flavorRef": self._load.flavor,
                           "imageRef": self._load.image, "networks": [{"uuid": self._load.network}]}}

    def _create(self):
        answer = self._ask("create", "POST", "/compute/v2.1/servers", self._body())
        if answer is not None and answer.status_code == 202:
            self._made(answer)

    def _made(self, answer):
        server_id = answer.json()["server"]["id"]
        self._servers.append(server_id)
        self._promised("build_server", server_id, answer)

    def _twice(self):
        """With an Idempotency-Key, a request whose fate is unknown is simply asked again."""
        body, key = self._body(), {"Idempotency-Key": str(uuid.uuid4())}
        seen = set()
        for _ in range(3):
            answer = self._ask("create with key", "POST", "/compute/v2.1/servers", body, headers=key)
            if answer is not None and answer.status_code == 202:
                server_id = answer.json()["server"]["id"]
                if not seen:
                    self._made(answer)
                seen.add(server_id)
            else:
                time.sleep(0.5)
        if len(seen) > 1:
            self._load.wrong.append(f"one Idempotency-Key made the servers {seen}")

    def _act(self, name, body):
        server_id = self._random.choice(self._servers)
        answer = self._ask(name, "POST", f"/compute/v2.1/servers/{server_id}/action", body)
        if answer is not None and answer.status_code == 202:
            self._promised(name, server_id, answer)
        elif answer is not None and answer.status_code == 404:
            self._servers.remove(server_id)
            self._load.wrong.append(f"server {server_id} was promised, and is 404 without its deletion")

    def _stop(self):
        self._act("stop_server", {"os-stop": None})

    def _start(self):
        self._act("start_server", {"os-start": None})

    def _reboot(self):
        self._act("reboot_server", {"reboot": {"type": "SOFT"}})

    def _reset(self):
        self._act("hard_reboot_server", {"reboot": {"type": "HARD"}})

    def _show(self):
        self._ask("show", "GET", f"/compute/v2.1/servers/{self._random.choice(self._servers)}")

    def _delete(self):
        server_id = self._random.choice(self._servers)
        answer = self._ask("delete", "DELETE", f"/compute/v2.1/servers/{server_id}")
        if answer is None or answer.status_code not in (204, 404):
            self._servers.remove(server_id)         # nobody knows: it may be there or not, and is left alone
        else:
            self._servers.remove(server_id)
            self._load.promises.append(invariants.deleted(server_id))

    def _port(self):
        """A port of one's own comes and goes."""
        if self._ports and self._random.random() < 0.6:
            port_id = self._ports.pop()
            answer = self._ask("delete port", "DELETE", f"/network/v2.0/ports/{port_id}")
            if answer is not None and answer.status_code == 204:
                self._row("deletion of port", "ports", port_id, there=False)
            return
        answer = self._ask("create port", "POST", "/network/v2.0/ports",
                           {"port": {"network_id": self._load.network, "name": f"p{self._number}"}})
        if answer is not None and answer.status_code == 201:
            self._ports.append(answer.json()["port"]["id"])

    def _keypair(self):
        name = f"k{self._number}-{self._random.randrange(10 ** 9)}"
        answer = self._ask("create keypair", "POST", "/compute/v2.1/os-keypairs", {"keypair": {"name": name}})
        if answer is not None and answer.status_code in (200, 201):
            gone = self._ask("delete keypair", "DELETE", f"/compute/v2.1/os-keypairs/{name}")
            if gone is not None and gone.status_code in (202, 204):
                self._named("deletion of keypair", "keypairs", name, there=False)
            elif gone is not None and gone.status_code in CLEAR:
                self._named("keypair", "keypairs", name, there=None)

    def _image(self):
        """An image is made, filled and deleted."""
        answer = self._ask("create image", "POST", "/image/v2/images", {
            "name": "i", "disk_format": "raw", "container_format": "bare"})
        if answer is None or answer.status_code != 201:
            return
        image_id = answer.json()["id"]
        path = f"/image/v2/images/{image_id}"
        filled = self._ask("fill image", "PUT", path + "/file", data=b"\0" * 4096,
                           headers={"Content-Type": "application/octet-stream"})
        if filled is not None and filled.status_code == 204 and self._random.random() < 0.3:
            self._status("image with data", image_id)
        else:
            self._ask("delete image", "DELETE", path)

    # ---- asking and remembering

    def _ask(self, what, method, path, body=None, headers=(), **more):
        """The answer; None where there was none, as when the API dies: then nobody knows whether it was done."""
        began = time.monotonic()
        try:
            answer = self._http.request(method, self._load.cloud.url + path, json=body, timeout=60, headers={
                "X-Auth-Token": self._load.token, **dict(headers)}, **more)
        except requests.RequestException as error:
            self._load.answers[what, type(error).__name__] += 1
            if isinstance(error, requests.Timeout):
                self._load.wrong.append(f"{method} {path} was not answered within a minute")
            return None
        self._load.slowest = max(self._load.slowest, time.monotonic() - began)
        self._load.answers[what, answer.status_code] += 1
        if answer.status_code >= 400 and answer.status_code not in CLEAR:
            self._load.wrong.append(f"{method} {path}: {answer.status_code} {answer.text[:300]} "
                                    f"{answer.headers.get('x-openstack-request-id')}")
        return answer

    def _promised(self, name, server_id, answer):
        self._load.promises.append(invariants.accepted(name, server_id, answer.headers["x-openstack-request-id"]))

    def _row(self, what, table, row_id, there):
        def kept(records):
            found = any(row.id == row_id for row in getattr(records, table))
            return "" if found is there else f"it is {'there' if found else 'missing'}"
        self._load.promises.append(invariants.Promise(f"{what} {row_id}", kept))

    def _named(self, what, table, name, there):
        if there is None:
            return
        def kept(records):
            found = any(row.name == name for row in getattr(records, table))
            return "" if found is there else f"it is {'there' if found else 'missing'}"
        self._load.promises.append(invariants.Promise(f"{what} {name}", kept))

    def _status(self, what, image_id):
        def kept(records):
            row = next((each for each in records.images if each.id == image_id), None)
            return "" if row is not None and row.status == "active" else f"it is {row and row.status}"
        self._load.promises.append(invariants.Promise(f"{what} {image_id}", kept))
