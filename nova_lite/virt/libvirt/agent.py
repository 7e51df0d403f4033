"""QEMU's agent inside a guest.  The guest controls it: it may be missing, refuse, or never answer."""

import libvirt

from nova_lite.virt.libvirt import domains

#: Seconds that the agent has to answer; a freeze may have to write out much of the guest's memory first.
_TIMEOUT = 30
#: Seconds for a call of libvirt that needs the agent: libvirt first checks that it is there.
DEADLINE = _TIMEOUT + 15
_UNAVAILABLE = (
    libvirt.VIR_ERR_AGENT_UNRESPONSIVE, libvirt.VIR_ERR_AGENT_UNSYNCED, libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED,
    libvirt.VIR_ERR_OPERATION_UNSUPPORTED, libvirt.VIR_ERR_OPERATION_INVALID, libvirt.VIR_ERR_CONFIG_UNSUPPORTED,
    getattr(libvirt, "VIR_ERR_AGENT_COMMAND_TIMEOUT", libvirt.VIR_ERR_AGENT_UNRESPONSIVE))     # of later releases


# ---- in native threads

def freeze(domain):
    """Freeze the guest's file systems; None when that is done, else libvirt's reason why not."""
    try:
        _with_timeout(domain).fsFreeze()
    except libvirt.libvirtError as error:
        if error.get_error_code() not in _UNAVAILABLE:
            raise
        return error.get_error_message()
    return None


def thaw(live, server_id):
    """Thaw the guest's file systems; nothing happens where they are not frozen, or the agent is unavailable."""
    domain = domains.find(live, server_id)
    if domain is not None and domain.isActive():
        try:
            _with_timeout(domain).fsThaw()
        except libvirt.libvirtError as error:
            if error.get_error_code() not in _UNAVAILABLE:
                raise


def set_password(domain, user, password):
    _with_timeout(domain).setUserPassword(user, password, 0)


def _with_timeout(domain):
    domain.agentSetResponseTimeout(_TIMEOUT)
    return domain
