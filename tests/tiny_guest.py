"""A guest of 512 bytes for live tests: it says a line on the serial port, and shuts down at its power button.

It boots under emulation in a fifth of a second, and is obedient enough to try everything that a driver does to guests.
"""

import struct

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

_WRITER = """
    31c0        xor ax, ax              | real mode, at 0x7c00
    8ed8        mov ds, ax
    8ec0        mov es, ax
    8ed0        mov ss, ax
    bc007c      mov sp, 0x7c00
    fc          cld
    b03e        mov al, ">"             | its log has a page of its own
    e85400      call say                | before the disk is full
    52          push dx
    b486        mov ah, 0x86            | wait for a second
    b90f00      mov cx, 0xf
    ba4042      mov dx, 0x4240
    cd15        int 0x15
    5a          pop dx
    be007d      mov si, 0x7d00          | the packet: this very sector, to the next cluster
    b443        mov ah, 0x43
    30c0        xor al, al
    cd13        int 0x13
    7234        jc bad
    c706047d0080 mov word [0x7d04], 0x8000
    b442        mov ah, 0x42            | read it back
    cd13        int 0x13
    7228        jc bad
    c706047d007c mov word [0x7d04], 0x7c00
    be007c      mov si, 0x7c00
    bf0080      mov di, 0x8000
    b98000      mov cx, 0x80
    f3a7        repe cmpsw
    7515        jne bad
    b02e        mov al, "."
    e81900      call say
    8106087d8000 add word [0x7d08], 128
    ff0e107d    dec word [0x7d10]
    75c5        jnz next
    b021        mov al, "!"
    eb02        jmp end
    b03f        mov al, "?"             | bad
    e80400      call say                | end
    fa          cli
    f4          hlt
    ebfd        jmp hlt
    52          push dx                 | say
    88c3        mov bl, al
    bafd03      mov dx, 0x3fd
    ec          in al, dx
    a820        test al, 0x20
    74fb        jz in
    baf803      mov dx, 0x3f8
    88d8        mov al, bl
    ee          out dx, al
    5a          pop dx
    c3          ret
"""


def writer(clusters):
    """The raw disk image (1 MiB) of a guest that writes to as many clusters of 64 KiB; its disk must be larger.

    It says ">" and waits for a second; then "." of each that it has read again, and "!" when that was the last; "?"
    when anything failed, and stops.
    """
    packet = struct.pack("<BBHHHQH", 16, 0, 1, 0x7c00, 0, 128, clusters)
    return _boots(_code(_WRITER).ljust(0x100, b"\0") + packet)


def disk(text):
    """The raw disk image (1 MiB) of a guest that says ``text``."""
    code = _code(_PROGRAM)
    assert len(code) == 0x40
    return _boots(code + text.encode() + b"\0")


def _code(program):
    return b"".join(bytes.fromhex(line.split()[0]) for line in program.strip().splitlines())


def _boots(sector):
    assert len(sector) <= 510
    return (sector.ljust(510, b"\0") + b"\x55\xaa").ljust(1 << 20, b"\0")
