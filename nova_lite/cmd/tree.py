"""Trees in text: what commands draw for people."""


def drawn(tree):
    """The lines of a tree: (text, [trees])."""
    text, children = tree
    yield text
    for index, child in enumerate(children):
        last = index == len(children) - 1
        first, *rest = drawn(child)
        yield f"{'└─' if last else '├─'} {first}"
        for line in rest:
            yield f"{'   ' if last else '│  '}{line}"
