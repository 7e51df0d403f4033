"""What a flavor looks like in each microversion."""

from nova_lite.api.compute.views.links import Links


class FlavorView:
    """Flavors as one request may see them."""

    def __init__(self, req):
        self._links = Links(req)
        self._description = req.at_least("2.55")
        self._extra_specs = req.at_least("2.61") and req.context.may("os_compute_api:os-flavor-extra-specs:index")
        self._no_swap = 0 if req.at_least("2.75") else ""
        self._legacy = not req.at_least("2.102")

    def basic(self, row):
        shown = {"id": row.flavorid, "name": row.name, "links": self._links.of("flavors", row.flavorid)}
        if self._description:
            shown["description"] = row.description
        return shown

    def show(self, row):
        shown = {
            "id": row.flavorid,
            "name": row.name,
            "ram": row.memory_mb,
            "disk": row.root_gb,
            "swap": row.swap_mb or self._no_swap,
            "OS-FLV-EXT-DATA:ephemeral": row.ephemeral_gb,
            "vcpus": row.vcpus,
            "os-flavor-access:is_public": row.is_public,
            "links": self._links.of("flavors", row.flavorid),
        }
        if self._legacy:
            shown["OS-FLV-DISABLED:disabled"] = False
            shown["rxtx_factor"] = row.rxtx_factor
        if self._description:
            shown["description"] = row.description
        if self._extra_specs:
            shown["extra_specs"] = row.extra_specs
        return shown


def access(flavor, projects):
    return {"flavor_access": [{"flavor_id": flavor.flavorid, "tenant_id": each} for each in projects]}
