"""The promises about speed: the one list that the benchmark checks and doc/specification.rst shows."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Promise:
    """A figure that must not be exceeded.

    :ivar figure: the measurement's name in the report.
    :ivar peer: the same figure of real OpenStack on the same machine; None: not measured.
    :ivar how: how it is measured, one sentence.
    """

    figure: str
    limit: float
    unit: str
    peer: float | None
    how: str


_CPU = "CPU time of all control-plane processes, divided by the number of requests"

PROMISES = (
    Promise("get_server", 1.2, "CPU-ms", 54, f"GET /servers/{{id}}, one client: {_CPU}."),
    Promise("list_100", 9, "CPU-ms", 388, f"GET /servers/detail of 100 servers: {_CPU}."),
    Promise("list_1000", 60, "CPU-ms", 4105, f"GET /servers/detail of 1,000 servers on one page: {_CPU}."),
    Promise("create_accept", 10, "ms (p50)", 149, "POST /servers until its 202, one after the other: "
            "the best of five rounds of ten, for whatever else runs on the machine only adds."),
    Promise("create_burst", 20, "CPU-ms", 1600,
            "100 POST /servers from 8 clients, until every server is ACTIVE: CPU time divided by 100. The client asks "
            "once every half second whether all are built."),
    Promise("memory_idle", 120, "MiB", 2231, "Resident memory of the cloud's process, 5 s after its start."),
    Promise("ready", 2, "s", 20, "nova-lite up on an existing state directory, from exec to ready: median of 3."),
    Promise("ready_10000", 5, "s", None, "nova-lite up with 10,000 servers on its one host, from exec to ready."),
    Promise("create_10000", 1.3, "x", None,
            "POST /servers in a project with 10,000 servers and limits, until its 202, over the same in an empty one: "
            "CPU time of all control-plane processes while twenty are created one after the other, builds included."),
    Promise("bus_call_eventlet", 0.4, "CPU-ms", None,
            "One RPC call and its answer over local://, on green threads: CPU time of the process, divided by 3,000."),
    Promise("bus_call_threading", 0.4, "CPU-ms", None, "The same on native threads."),
    Promise("crowd_eventlet", 100, "ms (p99)", None,
            "GET / on new connections while 1,000 are silent and 100 send a body byte by byte, on green threads."),
    Promise("crowd_threading", 100, "ms (p99)", None, "The same on native threads."),
    Promise("journal_share", 15, "%", None,
            "Bursts of creates, stops and deletes: the part of the CPU time that they cause which goes into their "
            "journal and leases, by a sampling profile (``bench/journal.py`` says what counts)."),
    Promise("port_create", 5, "CPU-ms", None, f"POST /ports of a network with a subnet, one client: {_CPU}."),
    Promise("list_ports_1000", 40, "CPU-ms", None, f"GET /ports of 1,000 ports on one page: {_CPU}."),
    Promise("recovery", 30, "s", None,
            "1,000 operations, 400 creates, 300 stops and 300 deletes at all their steps, are interrupted by kill -9: "
            "from the start of the process until all have ended as they should."),
    Promise("recovery_separate", 30, "s", None,
            "The same on separate processes over RabbitMQ and PostgreSQL (``--separate``), with both cores to itself. "
            "It takes 38 s of CPU, so this is tight; on a machine that shared them with other work it took 51 s."),
    Promise("boot_ratio", 1.3, "x", None,
            "With libvirt: POST /servers until the domain runs, over qemu-img create, define and start of the same "
            "domain by raw libvirt calls. Medians of interleaved runs."),
)

BY_FIGURE = {promise.figure: promise for promise in PROMISES}
