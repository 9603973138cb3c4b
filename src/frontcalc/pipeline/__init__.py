"""The facades: each reads as the pipeline, returns a typed table and prints nothing."""

from frontcalc.pipeline.archive_checks import check_archive, list_archive
from frontcalc.pipeline.areas import held
from frontcalc.pipeline.conversion import convert
from frontcalc.pipeline.diffs import diff, diff_files
from frontcalc.pipeline.options import Options
from frontcalc.pipeline.pictures import change_map, change_map_between
from frontcalc.pipeline.place_changes import places
from frontcalc.pipeline.polygons import changes, changes_between
from frontcalc.pipeline.publishers import compare, disagreements
from frontcalc.pipeline.region_check import check_regions
from frontcalc.pipeline.region_fetch import fetch_regions
from frontcalc.pipeline.region_sets import list_regions, show_region
from frontcalc.pipeline.role_flows import flows
from frontcalc.pipeline.sensitivities import sensitivity
from frontcalc.pipeline.summaries import SummaryOptions, summary
from frontcalc.pipeline.timeline import series
from frontcalc.pipeline.trees import check_summaries, write_summaries
from frontcalc.pipeline.verifying import verify

__all__ = [
    "Options",
    "SummaryOptions",
    "change_map",
    "change_map_between",
    "changes",
    "changes_between",
    "check_archive",
    "check_regions",
    "check_summaries",
    "compare",
    "convert",
    "diff",
    "diff_files",
    "disagreements",
    "fetch_regions",
    "flows",
    "held",
    "list_archive",
    "list_regions",
    "places",
    "sensitivity",
    "series",
    "show_region",
    "summary",
    "verify",
    "write_summaries",
]
