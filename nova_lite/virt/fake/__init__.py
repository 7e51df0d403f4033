"""Guests that are only remembered: a cloud without a hypervisor, for tests of other people's tools and of our own."""

from nova_lite.virt.fake.driver import FakeDriver

__all__ = ["FakeDriver"]
