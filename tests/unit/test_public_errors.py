"""What users read of a hypervisor's errors: never its own words, which name paths, programs and parts of QEMU."""

import types

import libvirt
import pytest

from nova_lite.common import exceptions, rpc
from nova_lite.compute.tasks import running
from nova_lite.compute.tasks.spec import root_disk
from nova_lite.virt.libvirt import connection, disks
from nova_lite.virt.libvirt.disks import Files

RAW = ("internal error: process exited while connecting to monitor: 2026-01-01T00:00:00Z qemu-system-x86_64: -blockdev "
       "{...}: Could not open '/var/lib/nova_lite/cache/images/x': Permission denied")
JOB = types.SimpleNamespace(lease=types.SimpleNamespace(name="start"), server=types.SimpleNamespace(id="s"),
                            context=types.SimpleNamespace(request_id="req-1"))


class Error(libvirt.libvirtError):
    def __init__(self, code, message):
        self.err = (code, libvirt.VIR_FROM_QEMU, message, 2, None, None, None, 0, 0)
        Exception.__init__(self, message)


def outcome(error):
    return running._failure(JOB, error)


def test_a_refusal_of_libvirt_is_shown_to_administrators_only():
    shown = outcome(connection._refusal(Error(libvirt.VIR_ERR_INTERNAL_ERROR, RAW)))
    assert shown.error == exceptions.HypervisorRefused.public
    assert shown.details == f"The hypervisor refused: {RAW}"


def test_an_agent_that_does_not_answer_is_named_as_such():
    shown = outcome(connection._refusal(Error(libvirt.VIR_ERR_AGENT_UNRESPONSIVE, "Guest agent is not responding")))
    assert shown.error == "The guest's agent does not answer."


def test_an_error_that_crosses_the_bus_keeps_both_texts():
    error = rpc._unpack(rpc._pack(connection._refusal(Error(libvirt.VIR_ERR_AGENT_UNRESPONSIVE, RAW)))[rpc._ERROR])
    assert isinstance(error, exceptions.HypervisorRefused)
    assert (error.public, RAW in str(error)) == ("The guest's agent does not answer.", True)


@pytest.mark.parametrize("ask", [
    lambda files: disks.with_backing(files, root_disk(None, None, 1)), disks.size_of,
    lambda files: disks.write_empty_copy(files, "/nowhere")])
def test_an_error_about_a_missing_disk_hides_its_path_from_users(tmp_path, ask):
    files = Files.of(str(tmp_path), "11111111-1111-4111-8111-111111111111")
    with pytest.raises(exceptions.HypervisorError) as caught:
        ask(files)
    shown = outcome(caught.value)
    assert shown.error == "The server's disk is gone or damaged."
    assert files.disk in shown.details


def test_messages_of_this_project_are_shown_to_users():
    shown = outcome(exceptions.NotOffered(reason="hw:mem_page_size is 2048"))
    assert (shown.error, shown.details) == (
        "This host cannot give the guest what its flavor or image asks for: hw:mem_page_size is 2048", None)
