"""A guest of 512 bytes for live tests: it says a line on the serial port, and shuts down at its power button.

It boots under emulation in a fifth of a second, and is obedient enough to try everything that a driver does to guests.
"""

_PROGRAM = """
    31c0        xor ax, ax              | real mode, at 0x7c00
    8ed8        mov ds, ax
    8ed0        mov ss, ax
    bc007c      mov sp, 0x7c00
    fc          cld
    be407c      mov si, 0x7c40          | the text
    ac          lodsb
    84c0        test al, al
    7412        jz said
    88c3        mov bl, al
    bafd03      mov dx, 0x3fd           | until the serial port is ready
    ec          in al, dx
    a820        test al, 0x20
    74fb        jz in
    baf803      mov dx, 0x3f8
    88d8        mov al, bl
    ee          out dx, al
    ebe9        jmp lodsb
    ba0206      mov dx, 0x602           | q35's ACPI registers: let the button be seen
    b80001      mov ax, 0x100
    ef          out dx, ax
    fb          sti
    f4          hlt                     | look at each tick of the clock
    ba0006      mov dx, 0x600
    ed          in ax, dx
    f6c401      test ah, 1
    74f6        jz hlt
    ba0406      mov dx, 0x604           | power off
    b80020      mov ax, 0x2000
    ef          out dx, ax
    f4          hlt
    ebfd        jmp hlt
"""


def disk(text):
    """The raw disk image (1 MiB) of a guest that says ``text``."""
    code = b"".join(bytes.fromhex(line.split()[0]) for line in _PROGRAM.strip().splitlines())
    assert len(code) == 0x40
    return ((code + text.encode() + b"\0").ljust(510, b"\0") + b"\x55\xaa").ljust(1 << 20, b"\0")
