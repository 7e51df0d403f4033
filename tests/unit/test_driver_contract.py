"""The fake driver keeps the drivers' contract, and fails when told to."""

import pytest

from nova_lite.common import exception
from nova_lite.objects.states import Power
from nova_lite.virt import driver as contract
from tests import green, hypervisor
from tests.driver_contract import DriverContract, eventually


@pytest.fixture
def new_driver(tmp_path):
    made = []

    def new():
        made.append(contract.load("fake", hypervisor.configuration(tmp_path)))
        return made[-1]
    yield new
    for each in made:
        each.close()


@pytest.fixture
def driver(new_driver):
    return new_driver()


@pytest.fixture
def spec():
    return hypervisor.spec(contract.Disk(None, None, 1))


@pytest.fixture
def forget(driver):
    return driver.build.destroy


@pytest.fixture
def bridge():
    """Nothing is plugged into anything."""
    return "nlbnowhere"


class TestFake(DriverContract):
    pass


def test_a_room_fails_until_it_works_again(driver, spec):
    driver.build.spawn(spec)
    driver.power.fails_with(exception.HypervisorUnavailable(host="tests", reason="it is gone"))
    with pytest.raises(exception.HypervisorUnavailable):
        driver.power.stop(spec.id, 0)
    assert driver.host.guests() == {spec.id: Power.RUNNING}
    driver.power.works()
    driver.power.stop(spec.id, 0)
    assert driver.power.state(spec.id) is Power.SHUTDOWN


def test_a_guest_may_go_off_by_itself(driver, spec):
    heard = []
    driver.host.watch(lambda *change: heard.append(change))
    driver.build.spawn(spec)
    driver.power.becomes(spec.id, Power.SHUTDOWN)
    assert eventually(lambda: len(heard) == 2)
    assert heard[-1] == (spec.id, Power.SHUTDOWN)


def test_an_unknown_driver_library_is_explained(monkeypatch):
    monkeypatch.setitem(contract.DRIVERS, "strange", "nova_lite.virt.strange:Driver")
    with pytest.raises(exception.Misconfigured, match="strange cannot be loaded"):
        contract.load("strange")


def test_the_contract_holds_on_green_threads():
    green.again(__file__)
