"""Chaos with a fixed seed and real guests; longer by ``tools/test.sh faults --minutes N --seed S``, and with others."""

from tests.faults.real import chaos, real_host


def test_a_cloud_with_real_guests_under_random_faults_keeps_every_promise(broker, postgresql, chaos_home):
    with real_host.prepared() as real:
        chaos.check({"bus": broker, "database": postgresql}, chaos_home, 120, driver="libvirt", **real)
