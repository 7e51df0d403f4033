"""The HTTP servers below the REST floor: eventlet.wsgi on green threads, cheroot on native ones.

Both hold their clients to the same limits by the same means: ``connections`` has who is connected and who must go when
places run out, ``pace`` has how long a client may keep its server waiting.
"""

from nova_lite.common.serving.connections import Connections
from nova_lite.common.serving.green import GreenServer
from nova_lite.common.serving.limits import Limits, configured_limits, exempt_networks
from nova_lite.common.serving.threads import ThreadServer

__all__ = ["Connections", "GreenServer", "Limits", "ThreadServer", "configured_limits", "exempt_networks"]
