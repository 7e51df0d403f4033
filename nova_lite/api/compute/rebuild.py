"""Servers made anew from an image: the action rebuild."""

from oslo_utils import strutils

from nova_lite.api.compute.create_request import new_password, refuse_certificates, short
from nova_lite.api.compute.schemas import servers as schema
from nova_lite.api.compute.views.servers import ServerView
from nova_lite.api.wsgi import validation
from nova_lite.api.wsgi.answer import Answer
from nova_lite.conf import CONF

_POLICY = "os_compute_api:servers:rebuild"
#: What a request calls an attribute, its column, and since when it is heeded.
_COLUMNS = (("metadata", "metadata", "2.1"), ("OS-DCF:diskConfig", "disk_config", "2.1"),
            ("accessIPv4", "access_ipv4", "2.1"), ("description", "description", "2.19"),
            ("key_name", "key_name", "2.54"), ("user_data", "user_data", "2.57"), ("hostname", "hostname", "2.90"))


class Rebuild:
    def __init__(self, facades):
        self._compute = facades.compute

    @validation.body(schema.REBUILD)
    def rebuild(self, req, id):
        """202 and the server.  400: image or key cannot be.  409: not in this state, or locked."""
        server = self._compute.servers.get(req.context, id)
        req.context.can(_POLICY, server)
        asked = req.body_json["rebuild"]
        _check(req, server, asked)
        password = asked.get("adminPass") or new_password()
        self._compute.rebuild.rebuild(
            req.context, server, asked["imageRef"], _values(req, asked), admin_pass=password,
            preserve_ephemeral=strutils.bool_from_string(asked.get("preserve_ephemeral", False)))
        server = self._compute.servers.show(req.context, id)
        shown = ServerView(req, server, brief=not req.at_least("2.75")).show(server)
        if req.at_least("2.54"):
            shown["key_name"] = server.key_name
        if req.at_least("2.57"):
            shown.pop("OS-EXT-SRV-ATTR:user_data", None)        # Nova says it once
            shown["user_data"] = server.user_data
        if CONF.compute_api.enable_instance_password:
            shown["adminPass"] = password
        return Answer({"server": shown}, 202, [("Location", shown["links"][0]["href"])])


def _check(req, server, asked):
    if "trusted_image_certificates" in asked:
        req.context.can(f"{_POLICY}:trusted_certs", server)
        if asked["trusted_image_certificates"]:
            refuse_certificates()


def _values(req, asked):
    """The server's columns; files that an earlier request brought are not brought again."""
    values = {"injected_files": asked.get("personality", [])}
    values |= {column: asked[name] for name, column, since in _COLUMNS if name in asked and req.at_least(since)}
    if "name" in asked:
        values["display_name"] = asked["name"].strip()
    if "accessIPv6" in asked:
        values["access_ipv6"] = short(asked["accessIPv6"])
    return values
