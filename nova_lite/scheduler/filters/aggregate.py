"""Filters by what operators say of aggregates: extra specs, flavors, tenants and images that belong there."""

from nova_lite.conf import CONF
from nova_lite.scheduler.facts import AGGREGATES
from nova_lite.scheduler.filters.matching import matches, words
from nova_lite.scheduler.filters.refusal import Refusal

_SCOPE = "aggregate_instance_extra_specs"
_TENANT = "filter_tenant_id"


def needs(_request):
    return {AGGREGATES}


def needs_extra_specs(request):
    return {AGGREGATES} if request.extra_specs else None


def extra_specs(request, host):
    """AggregateInstanceExtraSpecsFilter: an aggregate has what each extra spec of its scope, or of none, wants."""
    for key, wanted in request.extra_specs.items():
        scope, colon, rest = key.partition(":")
        if colon and scope != _SCOPE:
            continue
        values = _values(host).get(rest or scope, set())
        if not any(matches(each, wanted) for each in values):
            return Refusal("in no aggregate that the flavor asks for",
                           f"{rest or scope} is {', '.join(sorted(values)) or 'not set'}, asked {wanted}")
    return None


def flavor(request, host):
    """AggregateTypeAffinityFilter: the metadata ``instance_type`` lists the flavors that may come."""
    values = host.metadata("instance_type")
    if not values or any(request.flavor_name in words(each) for each in values):
        return None
    return Refusal("kept for other flavors", f"for {', '.join(sorted(values))}")


def tenants(request, host):
    """AggregateMultiTenancyIsolation: metadata beginning with ``filter_tenant_id`` lists who may come."""
    allowed = set().union(*(values for key, values in _values(host).items() if key.startswith(_TENANT)))
    if not allowed or request.project_id in allowed:
        return None
    return Refusal("kept for other projects", f"for {', '.join(sorted(allowed))}")


def images(request, host):
    """AggregateImagePropertiesIsolation: what metadata and image both name must be the same."""
    options = CONF.scheduler
    namespace = options.aggregate_image_properties_isolation_namespace
    begin = namespace and namespace + options.aggregate_image_properties_isolation_separator
    for key, values in _values(host).items():
        if begin and not key.startswith(begin):
            continue
        has = request.image_properties.get(key)
        if has and has not in values:
            return Refusal("kept for other images", f"{key} is {', '.join(sorted(values))}, the image's is {has}")
    return None


def _values(host):
    found = {}
    for each in host.aggregates:
        for key, text in each.items():
            found.setdefault(key, set()).update(words(text))
    return found
