"""Places of functions in the source are named by their qualified name, file and line."""

import functools

from nova_lite.common import source_places
from nova_lite.compute.actions.power import Power
from nova_lite.network.planes.fake import FakePlane


def test_a_bound_method_is_named_with_its_class_file_and_line(conf):
    line = FakePlane.plug.__code__.co_firstlineno
    assert source_places.place(FakePlane(conf).plug) == (
        f"FakePlane.plug nova_lite/network/planes/fake.py:{line}")


def test_a_wrapper_is_named_as_what_it_wraps():
    @functools.wraps(Power.stop)
    def wrapper():
        pass
    assert source_places.place(wrapper) == source_places.place(Power.stop)


def test_a_callable_without_code_has_no_place():
    assert source_places.place(functools.partial(Power.stop)) is None


def _runs(module, source, **names):
    scope = {"__name__": module, **names}
    exec(source, scope)  # noqa: S102 - functions of modules that are not there
    return scope["call"]


def _found():
    return source_places.outermost("nova_lite.compute.actions.", "nova_lite.api.")


def test_the_outermost_function_of_a_package_is_the_one_that_others_called():
    inner = _runs("nova_lite.compute.actions.begin", "def call(): return found()", found=_found)
    outer = _runs("nova_lite.compute.actions.power", "\n\ndef call(): return inner()", inner=inner)
    place = _runs("nova_lite.api.compute.power", "def call(): return outer()", outer=outer)()
    assert place.startswith("call ") and place.endswith(":3")


def test_the_stack_is_not_searched_beyond_what_calls_the_package():
    inner = _runs("nova_lite.api.compute.power", "def call(): return found()", found=_found)
    assert _runs("nova_lite.compute.actions.power", "def call(): return inner()", inner=inner)() is None


def test_without_a_function_of_the_package_nothing_is_found():
    assert _found() is None
