"""IsolatedHostsFilter: some images run on some hosts alone, and, unless configured otherwise, nothing else there."""

from nova_lite.conf import CONF
from nova_lite.scheduler.filters.refusal import Refusal


def needs(_request):
    return set() if CONF.scheduler.isolated_hosts or CONF.scheduler.isolated_images else None


def refuse(request, host):
    options = CONF.scheduler
    host_isolated = host.name in options.isolated_hosts
    image_isolated = request.image_id in options.isolated_images
    if host_isolated and not image_isolated and options.restrict_isolated_hosts_to_isolated_images:
        return Refusal("kept for other images", "listed in isolated_hosts")
    if image_isolated and not host_isolated:
        return Refusal("not among those kept for its image", "not listed in isolated_hosts")
    return None
