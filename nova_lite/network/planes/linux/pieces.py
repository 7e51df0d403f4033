"""Text for nftables of tables that many things share: all of it, or the difference that some things' change makes.

What one thing (a port, a security group) needs is a Piece.  Sets and maps take elements of many pieces.
"""

import collections
import dataclasses


@dataclasses.dataclass(frozen=True)
class Piece:
    """What one thing needs.  Keys are (family, name), and names are unique within a family.

    :ivar sets: {key: its declaration, "set" or "map" first}.  :ivar elements: {key of a set: (elements)}
    :ivar chains: {key: Chain}
    """

    sets: dict = dataclasses.field(default_factory=dict)
    elements: dict = dataclasses.field(default_factory=dict)
    chains: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Chain:
    """:ivar hook: what makes it a base chain; "": others lead to it."""

    rules: tuple
    hook: str = ""


def whole(table, families, pieces):
    """The text that puts these pieces in the place of all that the tables had, in one transaction.

    :param table: the name of the table of each family.  :param pieces: [Piece].
    """
    sets, chains, elements = _joined(pieces)
    texts = []
    for family in families:
        texts.append(f"add table {family} {table}\ndelete table {family} {table}\nadd table {family} {table}\n")
        texts += [_add_set(table, key, text) for key, text in sets.items() if key[0] == family]
        texts += [_add_chain(table, key, each) for key, each in chains.items() if key[0] == family]
        texts += [_add_rules(table, key, each) for key, each in chains.items() if key[0] == family]
        texts += [_element(table, "add", key, some) for key, some in elements.items() if key[0] == family and some]
    return "".join(texts)


def difference(table, old, new):
    """The text that makes the tables of pieces ``new`` of those of ``old``; "" where nothing is to be done.

    :param old, new: {name of a thing: Piece}; pieces that did not change should be the same objects.
    """
    changed = [key for key in old.keys() | new.keys() if old.get(key) is not new.get(key) and old.get(key) != new.get(
        key)]
    changed.sort(key=str)
    old_sets, old_chains, had = _joined([old[key] for key in changed if key in old])
    new_sets, new_chains, has = _joined([new[key] for key in changed if key in new])
    going = {key: [each for each in counts if each not in has.get(key, ())] for key, counts in had.items()}
    going = _without_others(going, old, changed)
    coming = {key: [each for each in counts if each not in had.get(key, ())] for key, counts in has.items()}
    gone_sets = old_sets.keys() - new_sets.keys()
    rewritten = [key for key, each in new_chains.items() if old_chains.get(key) != each]
    gone_chains = [key for key in old_chains if key not in new_chains]
    return "".join([
        *(_add_set(table, key, text) for key, text in new_sets.items() if key not in old_sets),
        *(_add_chain(table, key, new_chains[key]) for key in rewritten if key not in old_chains),
        *(_element(table, "delete", key, some) for key, some in going.items() if some and key not in gone_sets),
        *(f"flush chain {_name(table, key)}\n" for key in [*rewritten, *gone_chains] if key in old_chains),
        *(_add_rules(table, key, new_chains[key]) for key in rewritten),
        *(_element(table, "add", key, some) for key, some in coming.items() if some),
        *(f"delete chain {_name(table, key)}\n" for key in gone_chains),
        *(f"delete {old_sets[key].partition(' ')[0]} {_name(table, key)}\n" for key in sorted(gone_sets))])


def _joined(pieces):
    """({set: declaration}, {chain: Chain}, {set: Counter of elements}) of pieces."""
    sets, chains, elements = {}, {}, {}
    for piece in pieces:
        sets |= piece.sets
        chains |= piece.chains
        for key, some in piece.elements.items():
            elements.setdefault(key, collections.Counter()).update(some)
    return sets, chains, elements


def _without_others(going, old, changed):
    """``going`` without the elements that pieces have, too, which did not change."""
    shared = {key for key, some in going.items() if not all(each.startswith('"tap') for each in some)}
    if not shared:
        return going
    but = set(changed)
    stay = {}
    for name, piece in old.items():
        for key in shared & piece.elements.keys() if name not in but else ():
            stay.setdefault(key, set()).update(piece.elements[key])
    return {key: [each for each in some if each not in stay.get(key, ())] for key, some in going.items()}


def _name(table, key):
    family, name = key
    return f"{family} {table} {name}"


def _add_set(table, key, text):
    kind, _, rest = text.partition(" ")
    return f"add {kind} {_name(table, key)} {{ {rest}; }}\n"


def _add_chain(table, key, chain):
    return f"add chain {_name(table, key)}" + (f" {{ {chain.hook}; policy accept; }}\n" if chain.hook else "\n")


def _add_rules(table, key, chain):
    return "".join(f"add rule {_name(table, key)} {rule}\n" for rule in chain.rules)


def _element(table, verb, key, elements):
    return f"{verb} element {_name(table, key)} {{ {', '.join(elements)} }}\n"
