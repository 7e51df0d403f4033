"""Where a port is bound, in Neutron's words."""

import enum


class BindingState(enum.StrEnum):
    ACTIVE = "ACTIVE"           # its traffic goes there
    INACTIVE = "INACTIVE"       # it will, when its server has moved there


class VifType(enum.StrEnum):
    UNBOUND = "unbound"
    BRIDGE = "bridge"
