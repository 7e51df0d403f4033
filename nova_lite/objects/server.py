"""A server as a host sees it: everything needed to build and run its guest, and nothing else."""

from nova_lite.objects.base import Object, fields, register


@register
class Flavor(Object):
    """The flavor as it was when the server was created; it never changes with the original."""

    VERSION = "2.0"
    fields = {
        "flavorid": fields.StringField(),
        "name": fields.StringField(),
        "vcpus": fields.IntegerField(),
        "memory_mb": fields.IntegerField(),
        "root_gb": fields.IntegerField(),             # 0: as large as the image
        "ephemeral_gb": fields.IntegerField(),
        "swap_mb": fields.IntegerField(),
        "extra_specs": fields.DictOfStringsField(),
    }


@register
class Image(Object):
    """The image to boot from, with where its bytes are."""

    VERSION = "2.0"
    fields = {
        "id": fields.StringField(),
        "name": fields.StringField(nullable=True),
        "disk_format": fields.StringField(),          # "qcow2" or "raw", as registered; never probed again
        "size": fields.IntegerField(),                # bytes of the file
        "virtual_size": fields.IntegerField(nullable=True),   # bytes the guest sees
        "checksum": fields.StringField(nullable=True),        # of algorithm hash_algo, hexadecimal
        "hash_algo": fields.StringField(nullable=True),
        "min_disk": fields.IntegerField(),            # GiB
        "min_ram": fields.IntegerField(),             # MiB
        "properties": fields.DictOfStringsField(),
        "path": fields.StringField(nullable=True),    # where a host on the same machine finds the file
        "url": fields.StringField(nullable=True),     # where any host downloads it
        "token": fields.SensitiveStringField(nullable=True),  # X-Auth-Token for url
    }


@register
class Address(Object):
    """One fixed address of a NIC and the subnet around it."""

    VERSION = "2.1"
    fields = {
        "ip": fields.StringField(),
        "cidr": fields.StringField(),                 # "10.0.0.0/24"
        "gateway": fields.StringField(nullable=True),
        "version": fields.IntegerField(),             # 4 or 6
        "dns": fields.ListOfStringsField(),
        "dhcp": fields.BooleanField(),
        "subnet_id": fields.StringField(),
        "host_access": fields.BooleanField(),         # whether hosts may open connections to its range; since 1.1
        "routes": fields.ListOfStringsField(default=[]),  # "10.9.0.0/16,10.0.0.9": range and next hop; since 2.1
        "ra_mode": fields.StringField(nullable=True, default=None),       # common.ipv6.MODES, as what follows: what
        "address_mode": fields.StringField(nullable=True, default=None),  # routers announce, what guests do; since 2.1
    }


@register
class Nic(Object):
    """One port as its host plugs it.

    ``revision`` and ``network_revision`` count the changes of the port and of its network: of two Nics of one port the
    one with the greater number is newer in what is the port's, or the network's.
    """

    VERSION = "2.1"
    fields = {
        "port_id": fields.StringField(),
        "network_id": fields.StringField(),
        "network_name": fields.StringField(),
        "mac": fields.StringField(),                  # "fa:16:3e:..."
        "mtu": fields.IntegerField(),
        "vif_type": fields.StringField(),             # "bridge"
        "vnic_type": fields.StringField(),            # "normal"
        "tag": fields.StringField(nullable=True),
        "addresses": fields.ListOfObjectsField("Address"),
        "revision": fields.IntegerField(default=0),           # since 1.1
        "network_revision": fields.IntegerField(default=0),   # since 1.1
        #: Ids, in order; None, or not set: who made it does not know. Since 2.1, as what follows.
        "security_groups": fields.ListOfStringsField(nullable=True, default=None),
        "port_security_enabled": fields.BooleanField(default=True),   # False: neither rules nor anti-spoofing
        "admin_state_up": fields.BooleanField(default=True),  # False: it carries nothing; since 2.1
        "hostname": fields.StringField(nullable=True, default=None),  # in DNS; None: its server's; since 2.1
        #: "fa:16:3e:00:00:01,10.0.0.0/24": what it may send with besides its own; since 2.1
        "allowed_pairs": fields.ListOfStringsField(default=[]),
        #: {"name", "value"} of IPv4, with "version": "6" of IPv6, for its guest alone; since 2.1
        "dhcp_options": fields.ListOfDictOfNullableStringsField(default=[]),
        "qos": fields.DictOfIntegersField(default={}),        # as of objects.qos_rules.limits; since 2.1
        "physical_network": fields.StringField(nullable=True, default=None),      # of its network; since 2.1
        "floating_ips": fields.ListOfStringsField(default=[]),        # that stand for its addresses; since 2.1
    }

    @property
    def revisions(self):
        """(revision, network_revision), 0 where an older peer gave none."""
        return tuple(getattr(self, name) if self.obj_attr_is_set(name) else 0
                     for name in ("revision", "network_revision"))

    @property
    def groups(self):
        """Ids of its security groups, a tuple; None: they are not known."""
        found = self.security_groups if self.obj_attr_is_set("security_groups") else None
        return None if found is None else tuple(found)

    @property
    def secured(self):
        """Whether rules of security groups, and rules against false addresses, are for it."""
        return self.port_security_enabled if self.obj_attr_is_set("port_security_enabled") else True

    @property
    def tap(self):
        """Name of the tap device on the host: "tap" and 11 characters of the port's id, as Neutron names them."""
        return "tap" + self.port_id[:11]

    @property
    def bridge(self):
        """Name of the Linux bridge of the port's network on each host."""
        return "nlb" + self.network_id[:11]


@register
class Server(Object):
    """One server.  ``user_data`` is base64 as the client gave it; ``admin_pass`` is only there while it is needed.

    ``injected_files`` are {"path", "contents"}, contents likewise in base64.
    """

    VERSION = "2.0"
    fields = {
        "id": fields.StringField(),
        "number": fields.IntegerField(),              # makes instance_name
        "display_name": fields.StringField(),
        "hostname": fields.StringField(),
        "project_id": fields.StringField(),
        "user_id": fields.StringField(),
        "created_at": fields.DateTimeField(tzinfo_aware=False),
        "vm_state": fields.StringField(),
        "task_state": fields.StringField(nullable=True),
        "power_state": fields.IntegerField(),
        "host": fields.StringField(nullable=True),
        "availability_zone": fields.StringField(nullable=True),
        "launch_index": fields.IntegerField(),
        "reservation_id": fields.StringField(nullable=True),
        "key_name": fields.StringField(nullable=True),
        "public_key": fields.StringField(nullable=True),
        "key_type": fields.StringField(nullable=True),
        "metadata": fields.DictOfStringsField(),
        "user_data": fields.StringField(nullable=True),
        "injected_files": fields.ListOfDictOfNullableStringsField(default=[]),
        "local_disks": fields.ListOfDictOfNullableStringsField(default=[]),      # asked for; see common/local_disks.py
        "config_drive": fields.BooleanField(),
        "admin_pass": fields.SensitiveStringField(nullable=True),
        "image": fields.ObjectField("Image", nullable=True),
        "flavor": fields.ObjectField("Flavor"),
        "nics": fields.ListOfObjectsField("Nic"),
    }

    @property
    def instance_name(self):
        """The guest's name at the hypervisor: "instance-0000002a"."""
        return f"instance-{self.number:08x}"
