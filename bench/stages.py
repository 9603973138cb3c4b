"""Say where the time of a series goes, in seconds of this process's processor time, with nothing kept in a cache.

python bench/stages.py deepstate-daily
"""

import cProfile
import pstats
import sys
import time

from run import REGIONS, SHARED


def main(name):
    """Run the series of an archive under the profiler and print its stages."""
    start = time.process_time()
    from frontcalc import change, regions, snapshots
    from frontcalc.measure.series import series
    from frontcalc.run.chain import ground_of

    found = {"imports": time.process_time() - start}
    stages = {
        "read and parse maps": snapshots.parse_snapshot,
        "project, repair, unite": ground_of,
        "what differs": change.differences,
        "split by region": change.measured,
        "read regions": regions.read_regions,
        "snap to regions": regions.takers,
    }
    profile = cProfile.Profile(time.process_time)
    profile.runcall(series, archive=SHARED / "archives" / name, regions=REGIONS, cache="none", workers=1)
    stats = pstats.Stats(profile)
    for stage, function in stages.items():
        code = function.__code__
        found[stage] = stats.stats[code.co_filename, code.co_firstlineno, code.co_name][3]
    total = found["imports"] + stats.total_tt
    for stage, seconds in (found | {"rows and the rest": total - sum(found.values())}).items():
        print(f"{stage:24} {seconds:6.2f} s {seconds / total:5.0%}")
    print(f"{'all':24} {total:6.2f} s")


if __name__ == "__main__":
    main(sys.argv[1])
