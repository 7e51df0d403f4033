"""Requests with mistakes and edges in them: each is answered with the status that real Nova 34 gives.

``golden/compute_answers.jsonl`` holds [method, path, version, body, status], recorded by sending each to a real Nova as
an administrator; {S} stands for a running server, {F} a flavor, {I} an image, {N} a network, {P} the project, {K} a
public key, {V} and {V2} the ids of the compute and the scheduler service.  Where this cloud answers better on purpose,
the recording was corrected: an address outside its network, and a factor of "0", are refused at once.
"""

import json
import os

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.db.base import now
from nova_lite.db.models.servers import Service
from tests import compute_service
from tests.compute_service import IMAGE

RECORDED = os.path.join(os.path.dirname(__file__), "..", "golden", "compute_answers.jsonl")


def recorded():
    with open(RECORDED) as file:
        return [json.loads(line.replace("{A70000}", "A" * 70000)) for line in file]


@pytest.fixture
def known(cloud, conf, monkeypatch):
    """{placeholder: id} of what the recorded requests speak of."""
    monkeypatch.setitem(compute_service.USERS, "admin", ("pa", ("admin", "member", "reader")))
    for resource in ("instances", "cores", "ram"):
        conf.set_override(resource, -1, "quota")
    with db.writer() as session:
        session.execute(sa.insert(Service).values(host="host-1", binary="nova-scheduler", topic="scheduler",
                                                  last_seen_at=now()))
    cloud.call("POST", "/os-keypairs", {"keypair": {"name": "k1"}}, user="admin")
    network = cloud.network.ensure_default_network("pa")
    services = {each["binary"]: each["id"]
                for each in cloud.get("/os-services", user="admin", version="2.53")["services"]}
    return {"S": cloud.make(user="admin", networks=[{"uuid": network}]), "F": "42", "I": IMAGE, "N": network, "P": "pa",
            "K": cloud.get("/os-keypairs/k1", user="admin")["keypair"]["public_key"],
            "V": services["nova-compute"], "V2": services["nova-scheduler"]}


@pytest.mark.slow
def test_every_recorded_request_is_answered_as_nova_does(cloud, known):
    wrong = []
    for request in recorded():
        text = json.dumps(request[:4])
        for name, value in known.items():
            text = text.replace(f"{{{name}}}", value)
        method, path, version, body = json.loads(text)
        answer = cloud.call(method, path, body, user="admin", version=version)
        if answer.status_int != request[4]:
            wrong.append(f"{text[:300]}: {answer.status_int} instead of {request[4]}: {answer.text[:300]}")
        elif answer.status_int >= 400 and "json" in answer.content_type:
            (fault,) = answer.json.values()
            assert fault["code"] == answer.status_int
            assert fault["message"]
    assert not wrong, "\n".join(wrong)
