"""What the scheduler is asked for: plain data for pure filters."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Destination:
    """The host that an administrator named.

    :ivar host: of the compute service; None: the hypervisor alone was named.
    :ivar node: the hypervisor's own name; None: the host alone was named.
    :ivar forced: named as "zone:host[:node]": what operators configured to filter by is not asked.
    """

    host: str | None
    node: str | None
    forced: bool

    def names(self, host):
        return (self.host is None or self.host.lower() == host.name.lower()) and self.node in (None, host.node)

    def __str__(self):
        return " with hypervisor ".join(filter(None, (self.host, self.node)))


@dataclasses.dataclass(frozen=True)
class Group:
    """The server group that the server is in, and where its other servers are: {host: how many}."""

    policy: str                                  # "affinity", "anti-affinity", and both "soft-"
    placed: dict
    max_server_per_host: int = 1                 # of anti-affinity


@dataclasses.dataclass(frozen=True)
class Request:
    """One server to place."""

    server_id: str
    project_id: str
    vcpus: int
    memory_mb: int
    disk_gb: int
    flavor_name: str = ""
    extra_specs: dict = dataclasses.field(default_factory=dict)
    image_id: str | None = None
    image_properties: dict = dataclasses.field(default_factory=dict)
    availability_zone: str | None = None         # None: any
    destination: Destination | None = None
    hints: dict = dataclasses.field(default_factory=dict)             # {hint: [values]}
    excluded: frozenset = frozenset()            # hosts where its build failed already
    group: Group | None = None
    neighbours: dict = dataclasses.field(default_factory=dict)        # {id of a server that hints name: its host}
    placed: bool = False                         # the server is there already: its image alone is in question

    @property
    def asked(self):
        return {"vcpus": self.vcpus, "memory_mb": self.memory_mb, "disk_gb": self.disk_gb}

    @property
    def forced(self):
        return self.destination is not None and self.destination.forced

    def hint(self, name):
        """The values of a scheduler hint; () without it."""
        return [each for each in self.hints.get(name) or () if each]
