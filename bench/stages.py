"""Say where the time of a series goes, in seconds of this process's processor time, with nothing kept in a cache.

python bench/stages.py deepstate-daily
"""

import cProfile
import pstats
import sys
import time

from run import REGIONS, SHARED

STAGES = {
    "read and parse maps": ("drawn.py", "read_day"),
    "project, repair, unite": ("holdings.py", "_united"),
    "what differs": ("between.py", "differences"),
    "split by region": ("ground.py", "measured"),
    "read regions": ("reading.py", "read_regions"),
    "snap to regions": ("sets.py", "takers"),
}


def main(name):
    """Run the series of an archive under the profiler and print its stages."""
    start = time.process_time()
    from frontcalc.measure.series import series

    imports = time.process_time() - start
    profile = cProfile.Profile(time.process_time)
    profile.runcall(series, archive=SHARED / "archives" / name, regions=REGIONS, cache="none", workers=1)
    stats = pstats.Stats(profile)
    cumulative = {(path.rsplit("/", 1)[-1], function): row[3] for (path, _, function), row in stats.stats.items()}
    found = {"imports": imports} | {stage: cumulative[place] for stage, place in STAGES.items()}
    total = imports + stats.total_tt
    for stage, seconds in (found | {"rows and the rest": total - sum(found.values())}).items():
        print(f"{stage:24} {seconds:6.2f} s {seconds / total:5.0%}")
    print(f"{'all':24} {total:6.2f} s")


if __name__ == "__main__":
    main(sys.argv[1])
