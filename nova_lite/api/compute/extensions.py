"""Extensions: /extensions, by which clients of long ago learned what an API can do."""

from nova_lite.api.compute.schemas.server_details import NO_QUERY
from nova_lite.api.wsgi import validation
from nova_lite.common import exception

#: alias: (name, what it brought); only those whose part is here.
_EXTENSIONS = {
    "OS-DCF": ("DiskConfig", "Disk partitioning of servers."),
    "OS-EXT-AZ": ("ExtendedAvailabilityZone", "The availability zone of servers."),
    "OS-EXT-IPS": ("ExtendedIps", "The type of addresses."),
    "OS-EXT-IPS-MAC": ("ExtendedIpsMac", "The MAC of addresses."),
    "OS-EXT-SRV-ATTR": ("ExtendedServerAttributes", "Where servers run."),
    "OS-EXT-STS": ("ExtendedStatus", "The states of servers."),
    "OS-FLV-EXT-DATA": ("FlavorExtraData", "Ephemeral disks of flavors."),
    "OS-SCH-HNT": ("SchedulerHints", "Words to the scheduler."),
    "OS-SRV-USG": ("ServerUsage", "When servers began and ended."),
    "os-access-ips": ("AccessIPs", "Addresses under which servers are known."),
    "os-attach-interfaces": ("AttachInterfaces", "Interfaces of servers."),
    "os-availability-zone": ("AvailabilityZone", "Availability zones."),
    "os-config-drive": ("ConfigDrive", "Config drives."),
    "os-console-output": ("ConsoleOutput", "What servers print."),
    "os-flavor-access": ("FlavorAccess", "Private flavors."),
    "os-flavor-extra-specs": ("FlavorExtraSpecs", "Extra specs of flavors."),
    "os-flavor-manage": ("FlavorManage", "Creating and deleting flavors."),
    "os-hypervisors": ("Hypervisors", "Hypervisors."),
    "os-instance-actions": ("InstanceActions", "What was done to servers."),
    "os-keypairs": ("Keypairs", "Keypairs."),
    "os-multiple-create": ("MultipleCreate", "Creating many servers at once."),
    "os-quota-sets": ("Quotas", "Quotas."),
    "os-security-groups": ("SecurityGroups", "Security groups of servers."),
    "os-server-start-stop": ("ServerStartStop", "Starting and stopping servers."),
    "os-services": ("Services", "The cloud's services."),
    "os-used-limits": ("UsedLimits", "What of its limits a project uses."),
    "os-user-data": ("UserData", "User data."),
    "flavors": ("Flavors", "Flavors."),
    "ips": ("Ips", "Addresses of servers."),
    "limits": ("Limits", "Limits."),
    "server-metadata": ("ServerMetadata", "Metadata of servers."),
    "servers": ("Servers", "Servers."),
    "versions": ("Versions", "Versions of this API."),
}


class Extensions:
    def __init__(self, doors):
        pass

    @validation.query(NO_QUERY)
    def index(self, req):
        req.context.can("os_compute_api:extensions")
        return {"extensions": [_shown(alias) for alias in sorted(_EXTENSIONS)]}

    @validation.query(NO_QUERY)
    def show(self, req, id):
        """200.  404: no such alias."""
        req.context.can("os_compute_api:extensions")
        if id not in _EXTENSIONS:
            raise exception.NotFound()
        return {"extension": _shown(id)}


def _shown(alias):
    name, description = _EXTENSIONS[alias]
    return {"alias": alias, "name": name, "description": description, "links": [],
            "namespace": "http://docs.openstack.org/compute/ext/fake_xml", "updated": "2014-12-03T00:00:00Z"}
