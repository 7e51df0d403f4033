"""What the API costs: one process with the fake driver, beside the floor that answers the same bytes."""

import os
import time

from bench import client, floor, measure, processes
from bench.cloud import Cloud, Tenant

_SERVERS = "/compute/v2.1/servers"
_PAGE = f"{_SERVERS}/detail?limit=1000"


class Run:
    """:param directory: an empty one.  :param report: called with (figure's name, its values as a dict)."""

    def __init__(self, directory, report, quick=False):
        self._directory = directory
        self._report = report
        self._quick = quick
        self._cloud = Cloud(directory)
        self._tenant = None
        self._bodies = os.path.join(directory, "bodies")
        os.mkdir(self._bodies)

    def run(self):
        try:
            self._life()
            self._tenant = Tenant(self._cloud)
            self._requests()
            self._burst()
            self._lists()
        finally:
            self._cloud.stop()
        self._floor()

    def _life(self):
        """Ready time and memory.  The first start makes everything, bytecode too, and does not count."""
        self._report("ready_first", {"s": round(self._cloud.start().ready_s, 2)})
        ready = []
        for _ in range(1 if self._quick else 3):
            self._cloud.stop()
            ready.append(self._cloud.start().ready_s)
        self._report("ready", {"n": len(ready), "value": round(measure.percentile(ready, 0.5), 2)})
        time.sleep(5)
        self._report("memory_idle", {"value": round(processes.memory_mib(self._cloud.pid), 1)})
        before = processes.cpu_ms(self._cloud.pid)
        time.sleep(10)
        self._report("idle", {"cpu_ms": round((processes.cpu_ms(self._cloud.pid) - before) / 10, 2),
                              "note": "CPU-ms a second with nothing to do"})

    def _requests(self):
        times = 100 if self._quick else 1000
        api, pid = self._tenant.api, self._cloud.pid
        self._report("versions", measure.repeat(pid, lambda: client.request("GET", self._cloud.url + "/"), times))
        self._report("token", measure.repeat(pid, api.issue, 10))
        self._report("flavors", measure.repeat(pid, lambda: api.raw("GET", "/compute/v2.1/flavors/detail"), times // 4))
        rounds = [self._one_by_one(number) for number in range(2 if self._quick else 5)]
        for figure, place in (("create_accept", 0), ("delete_accept", 1)):
            self._report(figure, min((measure.latency(each[place]) for each in rounds),
                                     key=lambda values: values["p50_ms"]))

    def _one_by_one(self, number):
        """Milliseconds of ten creates and of their deletes, each let finish before the next request."""
        accepted, removed = [], []
        for index in range(10):
            made = []
            accepted.append(measure.timed(lambda made=made, index=index: made.append(
                self._tenant.create(f"one{number}-{index}"))))
            self._tenant.wait_built(pause=0.05)
            removed.append(measure.timed(lambda made=made: self._tenant.delete(made[0])))
            measure.until("it is gone", lambda made=made: self._tenant.api.is_gone(made[0]), pause=0.05)
        return accepted, removed

    def _burst(self):
        """100 creates at once to ACTIVE, then as many deletes until none is left."""
        pid = self._cloud.pid
        before, began = processes.cpu_ms(pid), time.perf_counter()
        spent = measure.parallel([f"burst{number}" for number in range(100)], self._tenant.create)
        self._tenant.wait_built()
        self._report("create_burst", measure.latency(spent) | {
            "cpu_ms": round((processes.cpu_ms(pid) - before) / 100, 2),
            "all_s": round(time.perf_counter() - began, 2)})
        before, began = processes.cpu_ms(pid), time.perf_counter()
        spent = self._tenant.delete_all()
        self._report("delete_burst", measure.latency(spent) | {
            "cpu_ms": round((processes.cpu_ms(pid) - before) / 100, 2),
            "all_s": round(time.perf_counter() - began, 2)})

    def _lists(self):
        api = self._tenant.api
        self._tenant.fill(100)
        server_id = api.servers("limit=1")[0]["id"]
        self._get("get_server", f"{_SERVERS}/{server_id}", 100 if self._quick else 1000)
        self._get("list_100", _PAGE, 10 if self._quick else 60)
        before = processes.cpu_ms(self._cloud.pid)
        self._tenant.fill(1000)
        self._report("create_many", {"n": 900, "cpu_ms": round((processes.cpu_ms(self._cloud.pid) - before) / 900, 2),
                                     "note": "min_count 100, to ACTIVE"})
        self._get("list_1000", _PAGE, 5 if self._quick else 20)
        self._report("memory_1000", {"value": round(processes.memory_mib(self._cloud.pid), 1),
                                     "note": "after the lists of 1,000"})

    def _get(self, figure, path, times):
        api = self._tenant.api
        with open(os.path.join(self._bodies, figure), "wb") as file:
            file.write(api.raw("GET", path))
        self._report(figure, measure.repeat(self._cloud.pid, lambda: api.raw("GET", path), times))

    def _floor(self):
        server = floor.Floor(self._bodies)
        try:
            for figure, times in (("get_server", 1000), ("list_100", 500), ("list_1000", 200)):
                self._report(f"floor_{figure}", measure.repeat(
                    server.pid, lambda figure=figure: client.request("GET", f"{server.url}/{figure}"), times))
        finally:
            server.stop()
