"""Trunks: ports whose guests send and get other ports' traffic by them, each port's in a VLAN of its own."""

from nova_lite import db
from nova_lite.common.visibility import ALL
from nova_lite.db.base import new_id
from nova_lite.db.models.networks import Port
from nova_lite.db.models.trunks import Trunk
from nova_lite.db.network import paging, rows
from nova_lite.db.network import ports as port_queries
from nova_lite.db.network import trunks as trunk_queries
from nova_lite.network import exceptions, router_exceptions, subports, trunk_exceptions
from nova_lite.network.embedded.resource import Resource


class Trunks(Resource):
    """Dicts as the columns of the model, ``status`` and ``sub_ports``: dicts of db.network.trunks.COLUMNS."""

    resource = "trunk"
    _query = staticmethod(trunk_queries.trunks)
    model = Trunk

    @staticmethod
    def missing(trunk_id):
        return trunk_exceptions.TrunkNotFound(trunk_id=trunk_id)

    def _insert(self, session, context, values):
        """:param values: project_id, port_id (of the parent), and name, description, admin_state_up, sub_ports (dicts,
            as subports.check_distinct takes them).

        :raises PortNotFound, ParentPortInUse: of the parent.
        :raises TrunkPortInUse: the parent is a sub-port.  Otherwise as ``add_subports``.
        """
        several, values = values.pop("sub_ports", []), {"id": new_id(), **values}
        subports.check_distinct(several)
        found = _locked(session, context, [values["port_id"], *(each["port_id"] for each in several)])
        _check_unused(values["port_id"], _seen(found, values["port_id"]))
        if not trunk_queries.try_add(session, values):
            raise trunk_exceptions.ParentPortInUse(port_id=values["port_id"])
        self._add(session, values, several, found)
        return values["id"]

    def update(self, context, trunk, values, revision=None):
        """:param values: name, description, admin_state_up."""
        with db.writer():
            found = self.hold(trunk["id"], revision)
            self.write(found, values)
            return self.load(ALL, found["id"])

    def delete(self, context, trunk, revision=None):
        """Its sub-ports are ports again like others.  :raises TrunkDisabled:"""
        with db.writer() as session:
            found = self._changeable(trunk, revision)
            _release(session, found["sub_ports"])
            self.remove(found["id"])

    def add_subports(self, context, trunk, several, revision=None):
        """:param several: as subports.check_distinct takes them.

        :raises PortNotFound, TrunkPortInUse, ParentPortInUse: of a port.  :raises PortInUse: it has a device.
        :raises SubPortMtuGreaterThanTrunkPortMtu: its network has larger packets than the parent's.
        :raises DuplicateSubPort: another sub-port has the VLAN.  :raises TrunkDisabled:  :raises InvalidInput:
        """
        subports.check_distinct(several)
        with db.writer() as session:
            found = self.hold(trunk["id"], revision)
            ports = _locked(session, context, [each["port_id"] for each in several])
            self._add(session, found, several, ports)
            return self._changed(session, found)

    def remove_subports(self, context, trunk, several, revision=None):
        """:raises SubPortNotFound: it has no such sub-port.  :raises TrunkDisabled:  :raises InvalidInput:"""
        subports.check_distinct(several)
        with db.writer() as session:
            found = self._changeable(trunk, revision)
            known = {each["port_id"]: each for each in found["sub_ports"]}
            for each in several:
                if each["port_id"] not in known:
                    raise trunk_exceptions.SubPortNotFound(port_id=each["port_id"], trunk_id=found["id"])
            _release(session, several)
            return self._changed(session, found)

    def _changeable(self, trunk, revision):
        found = self.hold(trunk["id"], revision)
        _check_enabled(found)
        return found

    def _changed(self, session, found):
        rows.raise_revision(session, Trunk, found["id"])
        return self.load(ALL, found["id"])

    @staticmethod
    def _add(session, trunk, several, found):
        """:param found: {id: dict} of the ports of ``several`` that the caller sees, which are locked."""
        mtus = trunk_queries.mtus(session, [trunk["port_id"], *found])
        made = [_checked(trunk, each, found, mtus) for each in several]
        if "revision" in trunk:         # as in Neutron, a new one is filled whether or not it is switched on
            _check_enabled(trunk)
        for each in made:
            if not trunk_queries.try_subport(session, trunk["id"], each):
                raise trunk_exceptions.DuplicateSubPort(trunk_id=trunk["id"], **{
                    name: each[name] for name in ("segmentation_type", "segmentation_id")})


def _checked(trunk, said, found, mtus):
    """A sub-port as it is kept, which a trunk may have."""
    port_id, most = said["port_id"], mtus[trunk["port_id"]]
    if port_id == trunk["port_id"]:
        raise trunk_exceptions.ParentPortInUse(port_id=port_id)
    if mtus.get(port_id, 0) > most:
        raise trunk_exceptions.SubPortMtuGreaterThanTrunkPortMtu(port_id=port_id, port_mtu=mtus[port_id],
                                                                 trunk_id=trunk["port_id"], trunk_mtu=most)
    made, port = subports.complete(said), _seen(found, port_id)
    _check_unused(port_id, port)
    if port["server_id"] or port["device_id"]:
        raise router_exceptions.PortInUse(network_id=port["network_id"], port_id=port_id,
                                          device_id=port["server_id"] or port["device_id"])
    return made


def _check_unused(port_id, port):
    """:raises TrunkPortInUse: a port is a sub-port.  :raises ParentPortInUse: it is the parent of a trunk."""
    if port["subport_of"]:
        raise trunk_exceptions.TrunkPortInUse(port_id=port_id)
    if port["trunk_id"]:
        raise trunk_exceptions.ParentPortInUse(port_id=port_id)


def _check_enabled(trunk):
    if not trunk["admin_state_up"]:
        raise trunk_exceptions.TrunkDisabled(trunk_id=trunk["id"])


def _seen(found, port_id):
    if port_id not in found:
        raise exceptions.PortNotFound(port_id=port_id)
    return found[port_id]


def _locked(session, context, port_ids):
    """{id: dict} of those of some ports that the caller sees, locked in order until the transaction ends."""
    for each in sorted(set(port_ids)):
        rows.lock(session, Port, each)
    found = port_queries.ports(session, context.visible_project, paging.Page({"id": sorted(set(port_ids))}))
    return {each["id"]: each for each in found}


def _release(session, several):
    port_ids = sorted(each["port_id"] for each in several)
    for each in port_ids:
        rows.lock(session, Port, each)
    if port_ids:
        trunk_queries.remove_subports(session, port_ids)


def check_deletable(port):
    """:raises PortInUseAsSubPort, PortInUseAsTrunkParent: a trunk needs a port (a dict)."""
    check_bound_by_itself(port)
    if port["trunk_id"]:
        raise trunk_exceptions.PortInUseAsTrunkParent(port_id=port["id"], trunk_id=port["trunk_id"])


def check_bound_by_itself(port):
    """:raises PortInUseAsSubPort: a port (a dict) is bound where its trunk's parent is."""
    if port["subport_of"]:
        raise trunk_exceptions.PortInUseAsSubPort(port_id=port["id"], trunk_id=port["subport_of"])
