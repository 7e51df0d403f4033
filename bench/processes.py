"""CPU time and memory of a process tree, read from /proc."""

import os

_TICK = os.sysconf("SC_CLK_TCK")
_UTIME, _CSTIME, _PPID = 11, 14, 1      # fields of /proc/PID/stat after the command's ")"


def tree(root):
    """The living process ids of ``root`` and its descendants."""
    children = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        fields = _stat(name)
        if fields:
            children.setdefault(int(fields[_PPID]), []).append(int(name))
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += children.get(pid, ())
    return found


def cpu_ms(root):
    """CPU milliseconds, user and system, that the tree has used; children that ended are counted with their parents."""
    ticks = 0
    for pid in tree(root):
        fields = _stat(pid)
        if fields:
            ticks += sum(map(int, fields[_UTIME:_CSTIME + 1]))
    return ticks * 1000 / _TICK


def memory_mib(root):
    """Resident MiB of the tree; pages that its processes share count once for each."""
    total = 0
    for pid in tree(root):
        try:
            with open(f"/proc/{pid}/status") as file:
                total += sum(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))
        except OSError:
            continue
    return total / 1024


def _stat(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return None
