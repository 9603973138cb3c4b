"""The facades: each reads as the pipeline, returns a typed table and prints nothing."""

from frontcalc.pipeline.archive_checks import check_archive, list_archive
from frontcalc.pipeline.areas import held
from frontcalc.pipeline.conversion import convert
from frontcalc.pipeline.diffs import diff, diff_files
from frontcalc.pipeline.options import Options
from frontcalc.pipeline.place_changes import places
from frontcalc.pipeline.region_sets import list_regions
from frontcalc.pipeline.role_flows import flows
from frontcalc.pipeline.timeline import series

__all__ = [
    "Options",
    "check_archive",
    "convert",
    "diff",
    "diff_files",
    "flows",
    "held",
    "list_archive",
    "list_regions",
    "places",
    "series",
]
