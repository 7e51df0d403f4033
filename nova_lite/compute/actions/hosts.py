"""Services, hypervisors and zones."""

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.conf import CONF
from nova_lite.db import aggregates, hosts

COMPUTE = "nova-compute"


class Hosts:
    """Services and hypervisors of the cloud, as rows of ``db.hosts``."""

    def services(self, context, *, host=None, binary=None):
        with db.reader() as session:
            return hosts.services(session, host=host, binary=binary)

    def service(self, context, id):
        """:param id: a uuid, or an int.  :raises ServiceNotFound:"""
        with db.reader() as session:
            return hosts.service(session, id)

    def update_service(self, context, service, values):
        """Change columns of a compute service and return its row.

        :raises BadRequest: only compute services can be taken out of use.
        """
        _check_compute(service.binary)
        with db.writer() as session:
            hosts.update_service(session, service.id, **values)
            return hosts.service(session, service.id)

    def service_of(self, context, host, binary):
        """:raises BadRequest: it is no compute service.  :raises NotFound:"""
        _check_compute(binary)
        with db.reader() as session:
            return hosts.service_of(session, host, binary)

    def delete_service(self, context, id):
        """:raises ServiceNotFound, ServiceInUse: its host has servers."""
        with db.writer() as session:
            try:
                service = hosts.service(session, id)
            except exceptions.ServiceNotFound as error:
                raise exceptions.NotFound(f"Service {id} not found.") from error
            hosts.delete_service(session, service)

    def hypervisors(self, context, *, limit=None, marker=None, pattern=None):
        """:raises MarkerNotFound:"""
        with db.reader() as session:
            return hosts.nodes(session, limit=limit, marker=marker, pattern=pattern)

    def hypervisor(self, context, id):
        """:param id: a uuid, or an int.  :raises HypervisorNotFound:"""
        with db.reader() as session:
            return hosts.node(session, id)

    def shares(self, context, host):
        """``(node, {project id: (vcpus, memory_mb, disk_gb)})`` of a host.  :raises HostNotFound:"""
        with db.reader() as session:
            return hosts.node_of(session, host), hosts.shares(session, host)

    def servers_of(self, context, names):
        """{host: rows with ``id`` and ``number``} for these hosts."""
        with db.reader() as session:
            return hosts.servers_of(session, names)

    def check_host(self, context, host, node):
        """:param node: the hypervisor's own name; one of the two may be None.

        :raises BadRequest: no compute host is called so.
        """
        with db.reader() as session:
            if not hosts.has_place(session, host, node):
                raise exceptions.BadRequest(f"Compute host {host or node} could not be found.")

    def zone_of(self, context, host):
        """The availability zone of a host; an unknown host is in the default zone."""
        with db.reader() as session:
            return aggregates.zones(session).get(host, CONF.scheduler.default_availability_zone)

    def check_zone(self, context, zone):
        """:raises BadRequest: no usable host is in that zone."""
        with db.reader() as session:
            usable = hosts.has_zone(session, zone, CONF.scheduler.default_availability_zone)
        if not usable:
            raise exceptions.BadRequest("The requested availability zone is not available")


def _check_compute(binary):
    if binary != COMPUTE:
        raise exceptions.BadRequest(
            f"Updating a {binary} service is not supported. Only nova-compute services can be updated.")
