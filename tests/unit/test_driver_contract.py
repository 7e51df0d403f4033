"""The fake driver keeps the drivers' contract, and fails on request; no driver lacks a method of the contract."""

import importlib
import inspect

import pytest

from nova_lite.common import exceptions
from nova_lite.compute.tasks.spec import root_disk
from nova_lite.objects.states import Power
from nova_lite.virt import driver as contract
from nova_lite.virt import spec as virt
from tests import hypervisor, on_eventlet
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
    return hypervisor.spec(root_disk(None, None, 1))


@pytest.fixture
def forget(driver):
    return driver.build.destroy


@pytest.fixture
def bridge():
    """Nothing is plugged into anything."""
    return "nlbnowhere"


@pytest.fixture
def volume(tmp_path):
    return virt.Disk(virt.File(str(tmp_path / "volume")), serial="volume-1")


class TestFake(DriverContract):
    pass


def test_a_capability_fails_until_it_works_again(driver, spec):
    driver.build.spawn(spec)
    driver.power.fails_with(exceptions.HypervisorUnavailable(host="tests", reason="it is gone"))
    with pytest.raises(exceptions.HypervisorUnavailable):
        driver.power.stop(spec.id, 0)
    assert driver.host.guests() == {spec.id: Power.RUNNING}
    driver.power.works()
    driver.power.stop(spec.id, 0)
    assert driver.power.state(spec.id) is Power.SHUTDOWN


def test_a_guest_that_goes_off_by_itself_is_reported(driver, spec):
    reported = []
    driver.host.watch(lambda *change: reported.append(change))
    driver.build.spawn(spec)
    driver.power.becomes(spec.id, Power.SHUTDOWN)
    assert eventually(lambda: len(reported) == 2)
    assert reported[-1] == (spec.id, Power.SHUTDOWN)


def test_a_driver_whose_library_is_missing_is_misconfigured(monkeypatch):
    monkeypatch.setitem(contract.DRIVERS, "strange", "nova_lite.virt.strange:Driver")
    with pytest.raises(exceptions.Misconfigured, match="strange cannot be loaded"):
        contract.load("strange")


@pytest.mark.slow
def test_the_contract_holds_on_green_threads():
    on_eventlet.again(__file__)


@pytest.mark.parametrize("name", contract.DRIVERS)
def test_a_capability_of_a_driver_has_every_method_of_the_contract(name):
    module = importlib.import_module(contract.DRIVERS[name].partition(":")[0])
    lacking = [f"{each.__name__} has no {', '.join(sorted(each.__abstractmethods__))}"
               for each in vars(module).values() if inspect.isabstract(each)]
    assert not lacking, f"{module.__name__.replace('.', '/')}.py: {'; '.join(lacking)}"
