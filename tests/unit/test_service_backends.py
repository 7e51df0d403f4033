"""Backends of services: built in, brought by an installed package, and refused where there is none of a name."""

import sys

import pytest

from nova_lite.cmd import configuration_rules
from nova_lite.common import service_backends


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A package that brings the network backend "other"."""
    package = tmp_path / "other-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1\n")
    (package / "entry_points.txt").write_text("[nova_lite.network_backends]\nother = collections:OrderedDict\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])


def test_a_built_in_backend_is_made_by_its_name(installed):
    assert service_backends.make("network", "embedded", {"embedded": list}) == []


def test_a_backend_of_an_installed_package_is_loaded_and_made(installed):
    assert service_backends.make("network", "other", {"embedded": list}) == {}
    service_backends.check("network", "other")


@pytest.mark.parametrize("service, name", [("network", "nobody"), ("image", "other")])
def test_an_unknown_backend_is_refused_with_those_there_are(installed, service, name):
    with pytest.raises(ValueError, match=f"'{name}' is no backend of the {service} service: there are embedded"):
        service_backends.make(service, name, {"embedded": list})


def test_a_configuration_that_names_an_unknown_backend_is_refused(installed):
    [(group, option, why)] = configuration_rules.broken_values({("network", "backend"): "nobody",
                                                                ("image", "backend"): "embedded"})
    assert (group, option) == ("network", "backend") and "there are embedded, other, and" in why
