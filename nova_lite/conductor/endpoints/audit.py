"""What the auditor's half on a host asks and reports."""

import datetime
import logging

from nova_lite import db
from nova_lite.common import context as contexts
from nova_lite.common import exceptions, rpc
from nova_lite.conductor import auditor, host_audit
from nova_lite.conductor.rpcapi import VERSION
from nova_lite.db import drifts

LOG = logging.getLogger(__name__)


class Audits:
    """:param facades: network, and image and identity where a host must fetch an image."""

    target = rpc.Target(version=VERSION)

    def __init__(self, facades):
        self._facades = facades

    def audit_host(self, context, host, report):
        with db.snapshot() as session:
            verdict, images = host_audit.check(session, self._facades.network, host, report)
        if images is not None:
            findings, lost = images.check(self._known(images.ids))
            verdict.findings = [*verdict.findings, *findings]
            verdict.images = [each for each in map(self._with_token, lost) if each is not None]
        return verdict

    def _known(self, image_ids):
        """{image id: row} of the image service; None where it does not answer."""
        try:
            return self._facades.image.describe(image_ids)
        except exceptions.PeerAway as error:
            LOG.warning("A host's images cannot be compared with the image service: %s", error)
            return None

    def _with_token(self, image_id):
        """objects.Image with a token to fetch it by; None where it is gone by now, or its service does not answer."""
        try:
            image = self._facades.image.for_server(contexts.admin(), image_id)
        except exceptions.NovaLiteError as error:
            LOG.warning("Image %s is not fetched again now: %s", image_id, error)
            return None
        image.token = self._facades.identity.service_token()
        return image

    def drift_seen(self, context, host, findings, seconds, asked):
        with db.writer(relaxed=True) as session:
            new = drifts.record(session, host, findings)
            drifts.looked(session, host, seconds, asked=asked and datetime.datetime.fromisoformat(asked))
        auditor.log(new, host)
