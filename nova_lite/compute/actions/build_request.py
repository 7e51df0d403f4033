"""A request to create servers, independent of microversions."""

import dataclasses


@dataclasses.dataclass
class CreateRequest:
    """The argument of ``Build.create``; it fits the schema, and what it names may not exist.

    :ivar image_id: None where no image was named, which ``create`` refuses.
    :ivar flavor_id: as given, a ``flavorid``.
    :ivar networks: None (not given), "auto", "none", or a list of {"uuid", "port", "fixed_ip", "tag"} (each or None).
    :ivar user_data: base64.
    :ivar local_disks: as common/local_disks.py says; sizes that are the flavor's are None.
    :ivar injected_files: [{"path", "contents"}], contents in base64.
    :ivar admin_pass: always set; generated where the user gave none.
    :ivar security_groups: names or ids; None: not given.
    :ivar host, node: place it on this host, on the hypervisor of this name, or both; with ``forced`` the scheduler's
        filters are not asked.
    :ivar max_count: as many as the quota allows up to this, at least ``min_count``.
    :ivar scheduler_hints: {hint: [values]}.
    """

    name: str
    flavor_id: str
    image_id: str | None
    admin_pass: str
    description: str | None = None
    hostname: str | None = None                 # None: made from the name
    networks: list | str | None = None
    key_name: str | None = None
    metadata: dict = dataclasses.field(default_factory=dict)
    tags: list = dataclasses.field(default_factory=list)
    user_data: str | None = None
    injected_files: list = dataclasses.field(default_factory=list)
    local_disks: list = dataclasses.field(default_factory=list)
    config_drive: bool = False
    security_groups: list | None = None
    availability_zone: str | None = None
    host: str | None = None
    node: str | None = None
    forced: bool = False
    min_count: int = 1
    max_count: int = 1
    disk_config: str = "MANUAL"
    access_ipv4: str | None = None
    access_ipv6: str | None = None
    scheduler_hints: dict = dataclasses.field(default_factory=dict)
    return_reservation_id: bool = False
