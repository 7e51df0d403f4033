"""Chaos with a fixed seed on fake hosts; longer by ``tools/test.sh faults --minutes N --seed S``, and with others."""

from tests.faults.real import chaos


def test_a_cloud_under_random_faults_keeps_every_promise(broker, postgresql, chaos_home):
    chaos.check({"bus": broker, "database": postgresql}, chaos_home, 90)
