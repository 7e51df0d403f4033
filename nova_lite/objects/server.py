"""A server as a host sees it: everything needed to build and run its guest, and nothing else."""

from nova_lite.objects.base import Object, fields, register


@register
class Flavor(Object):
    """The flavor as it was when the server was created; it never changes with the original."""

    VERSION = "1.0"
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

    VERSION = "1.0"
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

    VERSION = "1.0"
    fields = {
        "ip": fields.StringField(),
        "cidr": fields.StringField(),                 # "10.0.0.0/24"
        "gateway": fields.StringField(nullable=True),
        "version": fields.IntegerField(),             # 4 or 6
        "dns": fields.ListOfStringsField(),
        "dhcp": fields.BooleanField(),
        "subnet_id": fields.StringField(),
    }


@register
class Nic(Object):
    """One port as its host plugs it."""

    VERSION = "1.0"
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
    }

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
    """One server.  ``user_data`` is base64 as the client gave it; ``admin_pass`` is only there while it is needed."""

    VERSION = "1.0"
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
