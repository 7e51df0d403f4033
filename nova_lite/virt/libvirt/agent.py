"""The agent inside a guest.  It is the guest's: it may be away, refuse, or say nothing for ever."""

import libvirt

from nova_lite.virt.libvirt import guest

#: Seconds it has for an answer; a guest may have to write out all that it holds in memory.
_PATIENCE = 30
#: Seconds to give a call that asks it: libvirt asks first whether it is there.
DEADLINE = _PATIENCE + 15
_AWAY = (libvirt.VIR_ERR_AGENT_UNRESPONSIVE, libvirt.VIR_ERR_AGENT_UNSYNCED, libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED,
         libvirt.VIR_ERR_OPERATION_UNSUPPORTED, libvirt.VIR_ERR_OPERATION_INVALID, libvirt.VIR_ERR_CONFIG_UNSUPPORTED,
         getattr(libvirt, "VIR_ERR_AGENT_COMMAND_TIMEOUT", libvirt.VIR_ERR_AGENT_UNRESPONSIVE))     # of later releases


# ---- in native threads

def freeze(domain):
    """Quiet the guest's file systems; None when that is done, else why not."""
    try:
        _asked(domain).fsFreeze()
    except libvirt.libvirtError as error:
        if error.get_error_code() not in _AWAY:
            raise
        return error.get_error_message()
    return None


def thaw(live, server_id):
    """Let the guest write again; where it was not quiet, or its agent is away, nothing."""
    domain = guest.find(live, server_id)
    if domain is not None and domain.isActive():
        try:
            _asked(domain).fsThaw()
        except libvirt.libvirtError as error:
            if error.get_error_code() not in _AWAY:
                raise


def set_password(domain, user, password):
    _asked(domain).setUserPassword(user, password, 0)


def _asked(domain):
    domain.agentSetResponseTimeout(_PATIENCE)
    return domain
