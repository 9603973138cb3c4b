"""The facades: each reads as the pipeline, returns a typed table and prints nothing."""

from frontcalc.pipeline.areas import held
from frontcalc.pipeline.conversion import convert
from frontcalc.pipeline.diffs import diff, diff_files
from frontcalc.pipeline.options import Options
from frontcalc.pipeline.polygons import changes, changes_between
from frontcalc.pipeline.region_sets import list_regions
from frontcalc.pipeline.summaries import SummaryOptions, summary
from frontcalc.pipeline.timeline import series
from frontcalc.pipeline.trees import check_summaries, write_summaries

__all__ = [
    "Options",
    "SummaryOptions",
    "changes",
    "changes_between",
    "check_summaries",
    "convert",
    "diff",
    "diff_files",
    "held",
    "list_regions",
    "series",
    "summary",
    "write_summaries",
]
