"""See one case of the fault matrix again, with its story:  python -m tests.faults.replay "CASE" [SEED]"""

import sys

from tests.faults import matrix


def main(name, seed=None):
    world = matrix.run(matrix.cases()[name], seed)
    print(world.story(10 ** 6))
    print("\nhits:", *world.hits, sep="\n  ")
    print("\nwrong:", *(world.wrong or ["nothing"]), sep="\n  ")
    return bool(world.wrong)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
