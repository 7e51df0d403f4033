"""How many requests this process answered, until somebody takes the figures: one append a request, and nothing else."""

import collections

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
#: (service, method, status, seconds); an append is atomic in threads of both kinds, adding to a number is not.
_answered = collections.deque(maxlen=100_000)

#: answered((service, method, status, seconds))
answered = _answered.append


def take():
    """{(service, method, status): (requests, seconds)} since the last call; strange methods are "other"."""
    found = {}
    for _ in range(len(_answered)):
        service, method, status, seconds = _answered.popleft()
        key = (service, method if method in METHODS else "other", status)
        amount, sum_of = found.get(key, (0, 0.0))
        found[key] = (amount + 1, sum_of + seconds)
    return found
