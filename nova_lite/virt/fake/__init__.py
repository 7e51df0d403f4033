"""A driver without a hypervisor, for tests of this project and of clients: its guests are records in small files."""

from nova_lite.virt.fake.driver import FakeDriver

__all__ = ["FakeDriver"]
