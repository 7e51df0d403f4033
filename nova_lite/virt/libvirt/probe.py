"""Finds out whether KVM really runs guests here; ``/dev/kvm`` may exist and hang every ordinary one.

A boot sector goes through what any kernel needs first: BIOS, timer interrupts, page tables, 64-bit mode, a thousand
exits and some million writes to memory.  It ends by writing to QEMU's exit port; working KVM takes half a second.
"""

import contextlib
import json
import logging
import os
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ET

from nova_lite.common import atomic_file, concurrency, exceptions

LOG = logging.getLogger(__name__)

_TIMEOUT = 3.0              # seconds
_EXIT_CODE = 33             # QEMU's isa-debug-exit answers twice the written number, plus one
_PROGRAM = """
    fa              cli                     | real mode, at 0x7c00
    31c0            xor ax, ax
    8ed8            mov ds, ax
    8ec0            mov es, ax
    8ed0            mov ss, ax
    bc007c          mov sp, 0x7c00
    fb              sti                     | sleep through three ticks of the BIOS's clock
    8b1e6c04        mov bx, [0x46c]
    83c303          add bx, 3
    f4              hlt
    391e6c04        cmp [0x46c], bx
    72f9            jb hlt
    fa              cli                     | page tables at 0x1000: 4 MiB in pages of 2
    bf0010          mov di, 0x1000
    b90018          mov cx, 0x1800
    fc              cld
    f3ab            rep stosw
    c70600100320    mov word [0x1000], 0x2003
    c70600200330    mov word [0x2000], 0x3003
    c70600308300    mov word [0x3000], 0x83
    66c706083083002000  mov dword [0x3008], 0x200083
    0f20e0          mov eax, cr4            | physical address extension
    6683c820        or eax, 0x20
    0f22e0          mov cr4, eax
    66b800100000    mov eax, 0x1000
    0f22d8          mov cr3, eax
    66b9800000c0    mov ecx, 0xc0000080     | long mode
    0f32            rdmsr
    660d00010000    or eax, 0x100
    0f30            wrmsr
    0f0116907c      lgdt [0x7c90]
    0f20c0          mov eax, cr0            | protection and paging
    660d01000080    or eax, 0x80000001
    0f22c0          mov cr0, eax
    ea967c0800      jmp 8:0x7c96
    90909090909090  nop                     | up to 0x7c80
    0000000000000000  descriptor: null
    00000000009a2000  descriptor: 64-bit code
    0f00807c0000    its table: 15 bytes at 0x7c80
    41b8e8030000    mov r8d, 1000           | 64-bit mode, at 0x7c96
    31c0            xor eax, eax
    0fa2            cpuid                   | leaves the guest each time
    b900100000      mov ecx, 4096
    bf00001000      mov edi, 0x100000
    010f            add [rdi], ecx
    4883c740        add rdi, 64
    e2f8            loop add
    41ffc8          dec r8d
    75e5            jnz xor
    66baf400        mov dx, 0xf4            | the exit port
    b010            mov al, 16
    ee              out dx, al
    f4              hlt
"""


class VirtType:
    """"kvm" or "qemu" by calling it; found out once a boot of the machine, and remembered in the state directory."""

    def __init__(self, connection, conf):
        self._connection = connection
        self._conf = conf
        self._found = None
        self._finding = concurrency.Lock()

    def __call__(self):
        asked = self._conf.libvirt.virt_type
        if asked != "auto":
            return asked
        with self._finding:
            if self._found is None:
                emulator = self._connection.call(_kvm_emulator)
                self._found = virt_type(self._conf.state_dir, emulator) if emulator else "qemu"
                LOG.info("guests run on %s", self._found)
        return self._found


def virt_type(state_dir, emulator=None):
    """"kvm" or "qemu": the remembered answer of this boot of the machine, or a new one after at most some seconds.

    :param emulator: the QEMU binary; None looks for it.
    :raises HypervisorError: there is no QEMU.
    """
    emulator = emulator or shutil.which("qemu-system-x86_64") or shutil.which("qemu-kvm", path="/usr/libexec")
    if emulator is None:
        raise exceptions.HypervisorError(reason="there is no qemu-system-x86_64 on this machine")
    path = os.path.join(state_dir, "cache", "virt_type.json")
    found = _remembered(path, emulator)
    if found is None:
        found = "kvm" if kvm_runs(emulator) else "qemu"
        _remember(path, emulator, found)
    return found


def _remembered(path, emulator):
    try:
        with open(path) as memory:
            memory = json.load(memory)
    except (OSError, ValueError):
        return None
    return memory.get("virt_type") if memory.get("of") == _circumstances(emulator) else None


def _remember(path, emulator, found):
    with contextlib.suppress(OSError):          # then it is found out again
        os.makedirs(os.path.dirname(path), mode=0o711, exist_ok=True)
        atomic_file.write(path, json.dumps({"virt_type": found, "of": _circumstances(emulator)}), mode=0o640)


def boot_sector():
    """The 512 bytes of the probing guest's disk that matter."""
    code = b"".join(bytes.fromhex(line.split()[0]) for line in _PROGRAM.strip().splitlines())
    return code.ljust(510, b"\0") + b"\x55\xaa"


def kvm_runs(emulator, accelerator="kvm", timeout=_TIMEOUT):
    """Whether the probing guest runs to its end on the QEMU binary ``emulator``."""
    with tempfile.NamedTemporaryFile(prefix="nova-lite-probe-") as disk:
        disk.write(boot_sector())
        disk.truncate(1 << 20)
        disk.flush()
        return _exit_code([
            emulator, "-accel", accelerator, "-machine", "q35", "-m", "16", "-nodefaults", "-no-user-config",
            "-display", "none", "-device", "isa-debug-exit,iobase=0xf4",
            "-drive", f"file={disk.name},format=raw,if=none,id=disk", "-device", "virtio-blk-pci,drive=disk",
        ], timeout) == _EXIT_CODE


def _exit_code(command, timeout):
    """What the command exits with; None where it cannot be started or had to be killed."""
    try:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
    except OSError:
        return None
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        LOG.warning("the KVM probe, process %d, cannot be killed", process.pid)
    return None


def _circumstances(emulator):
    """What changes when the answer may: each boot of the machine, each new QEMU."""
    with open("/proc/sys/kernel/random/boot_id") as boot:
        return [boot.read().strip(), emulator, os.stat(emulator).st_mtime]


def _kvm_emulator(live):
    """The QEMU binary by which libvirt offers KVM guests of this machine's kind; None where it offers none."""
    for guest in ET.fromstring(live.getCapabilities()).findall("guest/arch[@name='x86_64']"):
        if guest.find("domain[@type='kvm']") is not None:
            return guest.findtext("domain[@type='kvm']/emulator") or guest.findtext("emulator")
    return None
