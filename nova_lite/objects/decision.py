"""A scheduler's decision as it is kept and shown: plain data, and the table that administrators read.

    {"asked": {"vcpus", "memory_mb", "disk_gb", "zone", "host", "forced", "policy"},   # without what was not asked
     "chosen": name of the host, or None,
     "hosts": how many there were,
     "weighed": [[host, weight, {weigher: part}]],       # best first
     "refused": [[host, filter, reason, numbers]],
     "more": {reason: how many hosts beyond those listed}}
"""


_ONE = {"lack": "lacks", "have": "has", "do": "does", "were": "was", "fit": "fits"}


def agreeing(reason, number):
    """"lack memory" of several hosts, "lacks memory" of one."""
    verb, space, rest = reason.partition(" ")
    return _ONE.get(verb, verb) + space + rest if number == 1 else reason


def said(asked):
    """"2 VCPUs, 2048 MB, 20 GB in zone nova"."""
    text = f"{asked['vcpus']} VCPU{'s' if asked['vcpus'] != 1 else ''}, {asked['memory_mb']} MB, {asked['disk_gb']} GB"
    if asked.get("zone"):
        text += f" in zone {asked['zone']}"
    if asked.get("host"):
        text += f" on host {asked['host']}{', forced' if asked.get('forced') else ''}"
    if asked.get("policy"):
        text += f", group policy {asked['policy']}"
    return text


def counted(decision):
    """"12 hosts: 2 fit, 7 lack memory, 3 disabled"."""
    reasons = {"fit": len(decision["weighed"])}
    for _, _, reason, _ in decision["refused"]:
        reasons[reason] = reasons.get(reason, 0) + 1
    for reason, number in decision["more"].items():
        reasons[reason] = reasons.get(reason, 0) + number
    total = decision["hosts"]
    listed = ", ".join(f"{number} {agreeing(reason, number)}" for reason, number in reasons.items() if number)
    return f"{total} host{'s' if total != 1 else ''}{': ' if listed else ''}{listed}"


def brief(decision):
    """"node-1, of 12 hosts: 2 fit, 7 lack memory, 3 disabled"."""
    return f"{decision['chosen'] or 'nowhere'}, of {counted(decision)}"


def table(decision):
    """Lines: a host each, its weight, and why; columns stand one below the other.

    The API shows it as text, too, so it is made by two lines of format here and by no library for terminals.
    """
    rows = [("HOST", "WEIGHT", "WHY")]
    for host, weight, parts in decision["weighed"]:
        why = "  ".join(f"{name} {part:+.2f}" for name, part in parts.items())
        rows.append((host, f"{weight:.2f}", f"{'chosen  ' if host == decision['chosen'] else ''}{why}".strip()))
    for host, name, reason, numbers in decision["refused"]:
        rows.append((host, "-", f"{name}: {agreeing(reason, 1)}{f' ({numbers})' if numbers else ''}"))
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = [f"{host:<{widths[0]}}  {weight:>{widths[1]}}  {why}".rstrip() for host, weight, why in rows]
    lines += [f"and {number} more: {agreeing(reason, number)}" for reason, number in decision["more"].items()]
    return lines


def text(decision):
    """All of it, as the details of an action's event."""
    return "\n".join([f"Asked {said(decision['asked'])}.", f"{counted(decision)}.", *table(decision)])
