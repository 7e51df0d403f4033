"""See one case of the fault matrix again, with its story:  python -m tests.faults.replay "CASE" [SEED]"""

import sys

from tests.faults import matrix


def main(name, seed=None):
    result = matrix.run(matrix.case_of(name), seed)
    print(result.world.story(10 ** 6))
    print("\nhits:", *result.world.hits, sep="\n  ")
    print("\nwrong:", *(result.wrong or ["nothing"]), sep="\n  ")
    return bool(result.wrong)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
