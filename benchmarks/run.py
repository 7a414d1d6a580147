"""All benchmarks (性能测量): `python -m benchmarks.run [--full] [--only NAME …]`; prints tables, writes nothing into the house.

Exit 0 also where a goal was missed; 1 where something broke: failed requests, lost or doubled rows.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable

from benchmarks import crash, due, importing, pipeline, post, reporting, storm, worklist, worktime
from benchmarks.figures import Figure, code, show

QUICK: dict[str, Callable[[argparse.Namespace], list[Figure]]] = {
    "post": lambda _: post.run(post.Size()),
    "pipeline": lambda _: pipeline.run(pipeline.Size()),
    "worklist": lambda _: worklist.run(worklist.Size()),
    "reporting": lambda _: reporting.run(reporting.Size()),
    "worktime": lambda _: worktime.run(worktime.Size()),
    "import": lambda told: importing.run(importing.given(told.import_file, told.import_columns)),
    "crash": lambda _: [*crash.run("postgresql", crash.Size()), *crash.run("sqlite", crash.Size())],
    "due": lambda _: due.run(due.Size()),
    "storm": lambda _: storm.run(storm.Size()),
}
FULL = QUICK | {
    "post": lambda _: post.run(post.Size(rounds=5, seconds=15)),
    "pipeline": lambda _: pipeline.run(pipeline.Size(seconds=60, step_seconds=20)),
    "worklist": lambda _: worklist.run(worklist.Size(seconds=10)),
    "worktime": lambda _: worktime.run(worktime.Size(offices=1000)),
    "crash": lambda _: [
        *crash.run("postgresql", crash.Size(blows=60)),
        *crash.run("sqlite", crash.Size(blows=60)),
    ],
    "due": lambda _: due.run(due.Size(rows=10_000_000, times=2000)),
    "storm": lambda _: storm.run(storm.Size(steps=200_000, sqlite_steps=200_000)),
}


def main() -> int:
    """Run what was asked for; the exit code."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    asked.add_argument("--full", action="store_true", help="longer runs, for figures to be quoted")
    asked.add_argument("--only", choices=tuple(QUICK), nargs="+", default=list(QUICK))
    asked.add_argument("--import-file", help="a CSV of your own for the import")
    asked.add_argument(
        "--import-columns", help='its columns, as "--text words --received date --external-id id"'
    )
    told = asked.parse_args()
    cores = len(os.sched_getaffinity(0))
    print(
        f"{cores} cores, Python {platform.python_version()}, load before: {os.getloadavg()[0]:.1f}\n",
        flush=True,
    )
    found: list[Figure] = []
    for name in told.only:
        begun = time.monotonic()
        figures = (FULL if told.full else QUICK)[name](told)
        show(f"{name} ({time.monotonic() - begun:.0f} s, load now {os.getloadavg()[0]:.1f})", figures)
        found += figures
    missed = [each.what for each in found if each.met is False]
    print("every goal met" if not missed else "goals missed: " + "; ".join(missed))
    return code(found)


if __name__ == "__main__":
    sys.exit(main())
