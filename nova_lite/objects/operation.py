"""An operation as its worker holds it: the lease that the conductor gave, and the server it is about."""

from nova_lite.objects.base import Object, fields, register


@register
class Lease(Object):
    """A leased operation.  ``attempt`` is the fencing token that every report of the worker must name."""

    VERSION = "2.0"
    fields = {
        "operation_id": fields.StringField(),
        "name": fields.StringField(),                 # a row of states.OPERATIONS
        "attempt": fields.IntegerField(),
        "lease_seconds": fields.IntegerField(),
        "server": fields.ObjectField("Server"),
        "image": fields.ObjectField("Image", nullable=True),      # the operation's own: to rescue from, or to fill
        "args": fields.DictOfNullableStringsField(),              # what else it was asked to do
    }


@register
class Outcome(Object):
    """How a worker's part of an operation ended."""

    VERSION = "2.0"
    fields = {
        "power_state": fields.IntegerField(nullable=True),
        "error": fields.StringField(nullable=True),   # None: it went well; else words for the user
        "code": fields.IntegerField(default=500),     # the fault's code where it failed
        "details": fields.StringField(nullable=True),  # for administrators
    }


@register
class Host(Object):
    """What a compute host reports of itself."""

    VERSION = "2.0"
    fields = {
        "host": fields.StringField(),
        "worker": fields.StringField(),               # this incarnation of the service
        "host_ip": fields.StringField(),
        "hypervisor_hostname": fields.StringField(),
        "hypervisor_type": fields.StringField(),
        "hypervisor_version": fields.IntegerField(),
        "vcpus": fields.IntegerField(),
        "memory_mb": fields.IntegerField(),
        "disk_gb": fields.IntegerField(),
        "free_disk_gb": fields.IntegerField(),
        "cpu_info": fields.StringField(),             # JSON
        #: JSON of [[architecture, hypervisor type, mode]] of the guests it can run.
        "supported_instances": fields.StringField(default="[]"),
        "uptime": fields.StringField(nullable=True),
    }
