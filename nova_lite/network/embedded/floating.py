"""What becomes of floating IPs when the ports that they stand for change or go."""

from nova_lite.db.models.floating_ips import FloatingIp
from nova_lite.db.models.port_forwardings import PortForwarding
from nova_lite.db.network import floating_ips as floating_queries
from nova_lite.db.network import port_forwardings as forwarding_queries
from nova_lite.db.network import ports as port_queries
from nova_lite.db.network import rows
from nova_lite.network import exceptions, router_exceptions


def release(session, changes, port_ids, addresses=None):
    """Disassociate the floating IPs of ports, which the caller has locked with their servers, and delete the port
    forwardings to them.

    :param addresses: only those that stand for one of these; None: all.
    """
    for each in floating_queries.of_ports(session, port_ids):
        if addresses is None or each.fixed_ip_address in addresses:
            floating_queries.disassociate(session, each.id)
            changes.floating_ip(session, each.id, before=each.router_id)
    for each in forwarding_queries.of_ports(session, port_ids):
        if addresses is None or each.internal_ip_address in addresses:
            remove_forwarding(session, changes, each.floatingip_id, each.id)


def keep_forwardings(session, changes, port_id, ips):
    """Delete the port forwardings to addresses that a port has no more.  :param ips: those that it has."""
    gone = {each.internal_ip_address for each in forwarding_queries.of_ports(session, [port_id])} - ips
    if gone:
        release(session, changes, [port_id], gone)


def remove_forwarding(session, changes, floating_ip_id, forwarding_id):
    """Delete a port forwarding; with the last one, its floating IP leaves its router."""
    rows.try_delete(session, PortForwarding, forwarding_id)
    router_id = floating_queries.router_of(session, floating_ip_id)
    if forwarding_queries.of_floating_ips(session, [floating_ip_id]):
        changes.floating_ip(session, floating_ip_id, after=router_id)
        rows.raise_revision(session, FloatingIp, floating_ip_id)
    else:
        floating_queries.disassociate(session, floating_ip_id)
        changes.floating_ip(session, floating_ip_id, before=router_id)


def check_others(session, context, port_id):
    """:raises FipAssociated: a floating IP of another project stands for the port, which only operators take away."""
    if not context.is_admin and any(each.project_id != context.project_id
                                    for each in floating_queries.of_ports(session, [port_id])):
        raise router_exceptions.FipAssociated(port_id=port_id)


def check_kept(session, port, ips):
    """:param ips: the addresses that a port (a dict) is going to have.

    :raises BadRequest: a floating IP stands for one that it would lose.
    """
    if any(each.fixed_ip_address not in ips for each in floating_queries.of_ports(session, [port["id"]])):
        raise exceptions.BadRequest(resource="port", detail=(
            f"Cannot update the fixed_ips of the port {port['id']}, because its original fixed_ip has been associated "
            f"to a floating ip"))


def remove_idle(session, network_id):
    """Delete the floating IPs of a network that stand for nothing."""
    for each in floating_queries.idle(session, network_id):
        remove(session, each.id, each.floating_port_id)


def remove(session, floating_ip_id, port_id):
    """Delete a floating IP, and the port that keeps its address."""
    rows.try_delete(session, FloatingIp, floating_ip_id)
    port_queries.delete(session, port_id)
