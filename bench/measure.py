"""Run an operation many times and say what it took: latency, and CPU of the processes that served it."""

import statistics
import threading
import time

from bench import processes


def percentile(values, share):
    """The value below which ``share`` (0 to 1) of ``values`` lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def latency(milliseconds):
    """{"n", "p50_ms", "p95_ms"}"""
    return {"n": len(milliseconds), "p50_ms": round(percentile(milliseconds, 0.5), 2),
            "p95_ms": round(percentile(milliseconds, 0.95), 2)}


def timed(operation):
    """Milliseconds that calling ``operation`` takes."""
    began = time.perf_counter()
    operation()
    return (time.perf_counter() - began) * 1000


def repeat(root, operation, times, rounds=3, warm_up=3):
    """Call ``operation`` ``times`` times in each of ``rounds``; the round with the median CPU counts.

    :param root: pid of the processes that serve it.
    :returns: {"n", "p50_ms", "p95_ms", "cpu_ms"}, CPU an operation.
    """
    for _ in range(warm_up):
        operation()
    results = []
    for _ in range(rounds):
        before = processes.cpu_ms(root)
        spent = [timed(operation) for _ in range(times)]
        results.append(latency(spent) | {"cpu_ms": round((processes.cpu_ms(root) - before) / times, 3)})
    middle = statistics.median_low(each["cpu_ms"] for each in results)
    return next(each for each in results if each["cpu_ms"] == middle)


def parallel(items, operation, clients=8):
    """Call ``operation(item)`` for every item from ``clients`` threads; return their milliseconds.

    :raises Exception: the first that an operation raised, when all threads have ended.
    """
    waiting, spent, failures = iter(list(items)), [], []
    guard = threading.Lock()

    def work():
        while not failures:
            with guard:
                item = next(waiting, None)
            if item is None:
                return
            try:
                spent.append(timed(lambda: operation(item)))    # noqa: B023 - called at once
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return spent


def until(what, question, seconds=120.0, pause=0.5):
    """Ask every ``pause`` seconds until the answer is true.  :raises TimeoutError:"""
    end = time.monotonic() + seconds
    while not question():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(pause)
