"""Views: the version documents that clients read to find what a service offers, and the list of services at /."""

from importlib import metadata

from nova_lite.api.wsgi import microversion
from nova_lite.api.wsgi.answer import Answer

_COMPUTE_TYPE = "application/vnd.openstack.compute+json;version="
_IMAGE_MINORS = (17, 15, *range(13, -1, -1))


def _link(url):
    return {"rel": "self", "href": url}


def compute_list(req):
    """GET /compute/ - https://docs.openstack.org/api-ref/compute/#list-all-major-versions"""
    return Answer({"versions": [{**head, "links": [_link(f"{_compute_root(req)}/{path}/")]}
                                for path, head in (("v2", _OLD_COMPUTE), ("v2.1", _compute_head()))]})


def compute(req):
    """GET /compute/v2.1/"""
    return _compute_home(req, _compute_head(), "2.1")


def compute_old(req):
    """GET /compute/v2/"""
    return _compute_home(req, _OLD_COMPUTE, "2")


def _compute_home(req, head, version):
    links = [_link(f"{req.base_url}/"),
             {"rel": "describedby", "type": "text/html", "href": "https://docs.openstack.org/"}]
    return Answer({"version": {**head, "links": links,
                               "media-types": [{"base": "application/json", "type": _COMPUTE_TYPE + version}]}})


def compute_choices(req, rest):
    """What Nova says about a path below no version it knows."""
    return Answer({"choices": [
        {"id": head["id"], "status": head["status"], "links": [_link(f"{_compute_root(req)}/{path}{rest}")],
         "media-types": [{"base": "application/json", "type": _COMPUTE_TYPE + path[1:]}]}
        for path, head in (("v2", _OLD_COMPUTE), ("v2.1", _compute_head()))]}, 300)


def _compute_root(req):
    return f"{req.root_url}/compute"


#: The version without microversions, for clients that never learned of them.
_OLD_COMPUTE = {"id": "v2.0", "status": "DEPRECATED", "version": "", "min_version": "",
                "updated": "2025-07-04T12:00:00Z"}


def _compute_head():
    return {"id": "v2.1", "status": "CURRENT", "version": str(microversion.MAXIMUM),
            "min_version": str(microversion.MINIMUM), "updated": "2013-07-23T11:33:21Z"}


def identity_list(req):
    """GET /identity/"""
    return Answer({"versions": {"values": [_identity(req.base_url)]}}, 300, [("Location", f"{req.base_url}/")])


def identity(req):
    """GET /identity/v3"""
    return Answer({"version": _identity(req.base_url)})


def _identity(url):
    return {"id": "v3.14", "status": "stable", "updated": "2020-04-07T00:00:00Z", "links": [_link(f"{url}/")],
            "media-types": [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}]}


def image_list(req, status):
    """GET /image/ (300) and /image/versions (200)"""
    links = [_link(f"{req.base_url}/")]
    return Answer({"versions": [{"id": f"v2.{minor}", "status": "CURRENT" if minor == _IMAGE_MINORS[0] else "SUPPORTED",
                                 "links": links} for minor in _IMAGE_MINORS]}, status)


def network_list(req):
    """GET /network/"""
    return Answer({"versions": [{"id": "v2.0", "status": "CURRENT", "links": [_link(f"{req.base_url}/")]}]})


def services(req, mounted):
    """GET / : every service of this port and where it begins; a page for people, JSON for programs.

    It names the identity API as identity's own list does, so that a client finds that from the bare URL.
    """
    urls = {name: f"{req.root_url}/{name}/{path}" for name, path in mounted}
    if "text/html" in req.environ.get("HTTP_ACCEPT", ""):
        rows = "".join(f'<li><a href="/{name}/">{name}</a> {url}</li>' for name, url in urls.items())
        return Answer(f"<!doctype html><title>nova_lite</title><h1>nova_lite</h1><ul>{rows}</ul>",
                      content_type="text/html; charset=UTF-8")
    return Answer({"name": "nova_lite", "release": _release(), "auth_url": urls["identity"],
                   "versions": {"values": [_identity(urls["identity"])]},
                   "services": [{"name": name, "links": [_link(url)]} for name, url in urls.items()]})


def _release():
    try:
        return metadata.version("nova_lite")
    except metadata.PackageNotFoundError:
        return "0"
