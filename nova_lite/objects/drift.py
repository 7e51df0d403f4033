"""What the auditor looks for: the one table of kinds of drift, and how hosts and the conductor speak of them.

Drift is a difference between what the database says and what is, or between two of its tables.  Each kind is either
mended by the auditor itself, or listed with what its reader should do.
"""

import dataclasses

from nova_lite.objects.base import Object, fields, register


@dataclasses.dataclass(frozen=True)
class Kind:
    """:ivar means: one sentence.  :ivar remedy: what to do by hand; "" where the auditor mends it."""

    name: str
    means: str
    remedy: str = ""


KINDS = {kind.name: kind for kind in (
    # ---- inside the database
    Kind("allocation_missing", "A server is on a host but holds nothing of it."),
    Kind("allocation_differs", "A server holds something else than its flavor asks, or of another host."),
    Kind("allocation_unplaced", "A server that is on no host holds capacity of one."),
    Kind("move_allocation_differs", "A server holds something else for a migration than its open one needs."),
    Kind("leftover_orphaned", "Capacity of a host is held for what an evacuation left there, and nothing is left."),
    Kind("migration_stale", "A migration of a server is open, and nothing moves the server."),
    Kind("allocation_orphaned", "Capacity of a host is held for a server that does not exist."),
    Kind("counters_differ", "What a host has given away is not the sum of what servers hold of it."),
    Kind("port_misplaced", "A server's port is bound to another host than the server's, to several or to none."),
    Kind("port_orphaned", "A port belongs to a server that does not exist."),
    Kind("addresses_differ", "A server shows other addresses or security groups than its ports have."),
    Kind("task_orphaned", "A server looks busy but nothing is being done to it."),
    Kind("operation_orphaned", "An operation is open for a server that does not exist."),
    Kind("operation_unclaimed", "An operation is open for a server that looks idle.",
         "Nothing, unless it stays: the operation ends by its deadline. Was the server's state reset by hand?"),
    Kind("operation_crowd", "More than one operation is open for a server.",
         "Nothing, unless it stays: each ends by its deadline. Delete the server to cancel them."),
    Kind("operation_waiting", "An operation waits for a host that is down.",
         "Start nova-lite-compute on that host; the operation goes on by itself, or is given up at its deadline."),
    Kind("operation_overdue", "An operation is open past its deadline.",
         "See that a conductor runs and read its log; it ends such operations."),
    Kind("change_owed", "What another service made for a server is not wanted any more, and could not be undone yet.",
         "See why that service does not answer, or refuses; it is tried again by itself."),
    Kind("change_left", "A remote service has something of a change that was undone, or that it refused."),
    Kind("network_not_in_force", "What networks should be on a host has not been made so for a minute.",
         "The detail says why. See the log of nova-lite-compute there; it is tried again by itself."),
    Kind("host_unknown", "A server is on a host that no compute service reports.",
         "Start nova-lite-compute there under that very [DEFAULT] host, or delete the server."),
    Kind("record_damaged", "The database says something of a server that makes no sense.",
         "Restore its row from a backup of the database, or delete the server."),
    Kind("quota_miscounted", "What quota counts of a project is not what its servers add up to."),
    Kind("quota_exceeded", "A project uses more than it may.",
         "Raise its quota or delete servers. Lowering a quota below what is used is allowed and leads here."),
    # ---- between the database and the image store
    Kind("image_file_unknown", "A file of the image store is of no image in the database; it was put into quarantine.",
         "If the database is an older one, put a later one back, or register the file again: openstack image create "
         "--file. If it is nobody's: nova-lite-manage image purge-quarantine."),
    Kind("image_file_missing", "An image has lost its file; what was built of it before goes on.",
         "Put the file back from a backup under the same name, or delete the image."),
    # ---- between the database and a host
    Kind("guest_missing", "A server has no guest any more; it shows as SHUTOFF, and a start makes it anew."),
    Kind("guest_orphaned", "A guest belongs to a server that is deleted, or was never built."),
    Kind("guest_elsewhere", "A host has a guest of a server that is on another host.",
         "Find out which of the two guests is the true one, and remove the other by hand: virsh destroy ID, virsh "
         "undefine ID. Never run both: they may write to the same data."),
    Kind("guest_unknown", "A guest that this cloud marked as its own is not in the database, or was made "
         "before a backup of it was restored; it is left alone.",
         "If it is nobody's, remove it by hand: virsh destroy ID, virsh undefine ID."),
    Kind("guest_halted", "A guest stands still because its host could not write for it.",
         "Free space on that host's disk: within two looks the guest goes on and loses nothing. Or, once there is, "
         "reboot the server hard."),
    Kind("disk_orphaned", "Files of a guest belong to a server that is deleted, or was never built."),
    Kind("disk_elsewhere", "A host has files of a server that is on another host.",
         "If the server works where it is, remove the directory by hand."),
    Kind("disk_unknown", "Files of a guest that is not in the database, or was made before a backup of it was "
         "restored; they are left alone.",
         "If they are nobody's, remove the directory by hand."),
    Kind("disk_missing", "A server's disk is not on its host.",
         "Restore the file from a backup, or delete the server: its data is lost."),
    Kind("image_missing", "A cached image that servers' disks lie on is gone; it is fetched again."),
    Kind("image_lost", "A cached image that servers' disks lie on is gone, and the image service has it no more.",
         "Put the file back from a backup or another host's cache, under the same name; else these servers are lost."),
    Kind("image_damaged", "A cached image that no server uses is not what its name says; the next build fetches it."),
    Kind("base_damaged", "A cached image that servers' disks lie on is not what its name says.",
         "Stop these servers and move the file away: if the image service still has the image, the auditor fetches it "
         "again within two looks. Check the host's disk."),
    Kind("image_leftover", "A half-written image that nobody writes any more is in a host's cache."),
    Kind("image_unknown", "A file in a host's image cache is no image of this cloud's; it is left alone.",
         "If it is nobody's, remove it by hand."),
    Kind("nic_missing", "A running guest lacks the NIC of a port of its server."),
    Kind("nic_stray", "A running guest has the NIC of a port that its server has no more."),
    Kind("port_stray", "A host serves a port that is not there any more."),
    Kind("port_unplugged", "A host does not serve the port of one of its servers."),
    Kind("lease_missing", "A host's DHCP server does not know the address of a server's port, or does not run."),
    Kind("lease_stray", "A host's DHCP server knows an address of no port."),
    Kind("tap_loose", "The device of a running guest's NIC is on no bridge."),
    Kind("tap_missing", "A running guest's NIC has no device.",
         "Reboot the server hard; that makes its NICs anew."),
    Kind("tap_unknown", "A device that is no guest's NIC is on a bridge of this cloud; it is left alone.",
         "If it should not be there: ip link set DEVICE nomaster."),
    Kind("network_stray", "A host has a namespace, bridge or link of a network or router that no port there needs."),
    Kind("rules_altered", "Another program has changed or removed rules of nftables, or limits of rates, that hold for "
         "a host's guests."),
)}


@register
class Finding(Object):
    """One difference.  :ivar kind: a key of KINDS.  :ivar subject: id of what it is about."""

    VERSION = "2.0"
    fields = {
        "kind": fields.StringField(),
        "subject": fields.StringField(),
        "detail": fields.StringField(default=""),
        "repaired": fields.BooleanField(default=False),
        "sure": fields.BooleanField(default=True),        # False: seen once, which on a host proves nothing yet
    }

    @classmethod
    def of(cls, kind, subject, detail="", repaired=False):
        return cls.make(kind=kind, subject=subject, detail=detail, repaired=repaired, sure=True)

    @property
    def key(self):
        return self.kind, self.subject


@register
class CachedImage(Object):
    """One file of a host's image cache."""

    VERSION = "2.0"
    fields = {
        "name": fields.StringField(),                     # image id and head of its SHA-512
        "size": fields.IntegerField(),                    # bytes
        "digest": fields.StringField(nullable=True),      # SHA-512 of its bytes; None: not read yet
    }


@register
class HostReport(Object):
    """What a host sees of itself; servers that something is being done to are left out."""

    VERSION = "2.1"
    fields = {
        "guests": fields.DictOfIntegersField(),           # server id -> power state
        "halted": fields.DictOfStringsField(),            # server id -> why its guest stands still though nobody asked
        "nics": fields.DictOfListOfStringsField(),        # server id -> MACs of its running guest
        #: server id -> what is wrong with its files, "" for nothing; None: guests have none
        "disks": fields.DictOfStringsField(nullable=True),
        "ports": fields.DictOfStringsField(),             # port id -> server id, of those plugged here
        "taps": fields.ListOfStringsField(nullable=True),  # devices on this cloud's bridges; None: there are none here
        "loose": fields.ListOfStringsField(),             # devices of plugged ports that are on no bridge
        "strays": fields.ListOfStringsField(),            # networks and routers with something here; since 1.1
        #: "mac,address" that DHCP servers know -> id of the port plugged with that MAC, or ""; None: there are none
        "leases": fields.DictOfStringsField(nullable=True),
        "images": fields.ListOfObjectsField("CachedImage", nullable=True),  # None: this host has no image cache
        "leftovers": fields.ListOfStringsField(),         # half-written files in the cache that nobody writes
        "unknown": fields.ListOfStringsField(),           # files in the cache that are named as no image is
        "busy": fields.ListOfStringsField(),              # server ids to say nothing about
        #: "host", ids of networks and routers, and devices, where rules or limits are others' work; since 2.1
        "altered": fields.ListOfStringsField(default=[]),
    }


@register
class Verdict(Object):
    """What the conductor makes of a HostReport."""

    VERSION = "2.0"
    fields = {
        "findings": fields.ListOfObjectsField("Finding"),
        "servers": fields.ListOfObjectsField("Server"),   # those whose ports the host lacks, to plug them
        "images": fields.ListOfObjectsField("Image"),     # those that the host's cache lacks, to fetch them
    }
