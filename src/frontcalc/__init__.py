"""frontcalc: how much territory changed hands, when and where, from dated maps of control.

>>> import frontcalc
>>> table = frontcalc.diff(["2024"])  # the bundled sample; archive="maps" is a folder of one's own
>>> table
<Table of 34 DiffRow>
>>> round(table.rows[-1].net_km2)
2700
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # to a type checker it is true; typing takes as long to load as Python
__version__ = "0.1.0"

if TYPE_CHECKING:
    from typing import Any

    from frontcalc.archives import open_archive as open_archive
    from frontcalc.errors import CheckFailed as CheckFailed
    from frontcalc.errors import DataError as DataError
    from frontcalc.errors import FrontcalcError as FrontcalcError
    from frontcalc.errors import NoDataError as NoDataError
    from frontcalc.errors import UsageError as UsageError
    from frontcalc.measure.again import again as again
    from frontcalc.measure.archives import check_archive as check_archive
    from frontcalc.measure.archives import convert as convert
    from frontcalc.measure.archives import list_archive as list_archive
    from frontcalc.measure.compare import compare as compare
    from frontcalc.measure.consensus import consensus as consensus
    from frontcalc.measure.consensus import consensus_map as consensus_map
    from frontcalc.measure.consensus import shared_ground as shared_ground
    from frontcalc.measure.diff import change_map as change_map
    from frontcalc.measure.diff import change_map_between as change_map_between
    from frontcalc.measure.diff import changes as changes
    from frontcalc.measure.diff import changes_between as changes_between
    from frontcalc.measure.diff import diff as diff
    from frontcalc.measure.diff import diff_files as diff_files
    from frontcalc.measure.explain import explain_archive as explain_archive
    from frontcalc.measure.explain import write_legend as write_legend
    from frontcalc.measure.fetch import fetch as fetch
    from frontcalc.measure.fetch import source_terms as source_terms
    from frontcalc.measure.fetch_regions import fetch_regions as fetch_regions
    from frontcalc.measure.held import flows as flows
    from frontcalc.measure.held import held as held
    from frontcalc.measure.ledger import check_ledger as check_ledger
    from frontcalc.measure.ledger import ledger as ledger
    from frontcalc.measure.places import place_shares as place_shares
    from frontcalc.measure.places import places as places
    from frontcalc.measure.records import records as records
    from frontcalc.measure.regions import check_regions as check_regions
    from frontcalc.measure.regions import list_regions as list_regions
    from frontcalc.measure.regions import show_region as show_region
    from frontcalc.measure.sensitivity import sensitivity as sensitivity
    from frontcalc.measure.series import series as series
    from frontcalc.measure.summary import summary as summary
    from frontcalc.measure.trees import check_summaries as check_summaries
    from frontcalc.measure.trees import write_summaries as write_summaries
    from frontcalc.measure.verify import verify as verify
    from frontcalc.measure.where import where as where
    from frontcalc.measure.where import where_changes as where_changes
    from frontcalc.measure.where import where_map as where_map
    from frontcalc.page import report as report
    from frontcalc.pictures.charts import notebook_html as notebook_html
    from frontcalc.pictures.charts import picture as picture
    from frontcalc.pictures.charts import plot as plot

_MODULES = {
    "archives": "open_archive",
    "errors": "CheckFailed DataError FrontcalcError NoDataError UsageError",
    "measure.again": "again",
    "measure.archives": "check_archive convert list_archive",
    "measure.compare": "compare",
    "measure.consensus": "consensus consensus_map shared_ground",
    "measure.diff": "change_map change_map_between changes changes_between diff diff_files",
    "measure.explain": "explain_archive write_legend",
    "measure.fetch": "fetch source_terms",
    "measure.fetch_regions": "fetch_regions",
    "measure.held": "flows held",
    "measure.ledger": "check_ledger ledger",
    "measure.places": "place_shares places",
    "measure.records": "records",
    "measure.regions": "check_regions list_regions show_region",
    "measure.sensitivity": "sensitivity",
    "measure.series": "series",
    "measure.summary": "summary",
    "measure.trees": "check_summaries write_summaries",
    "measure.verify": "verify",
    "measure.where": "where where_changes where_map",
    "page": "report",
    "pictures.charts": "notebook_html picture plot",
}
_HOME = {name: module for module, names in _MODULES.items() for name in names.split()}

if not TYPE_CHECKING:  # a type checker knows the names, and is to find those that are not there
    __all__ = ["__version__", *sorted(_HOME)]

    # `frontcalc --help` need not load numpy.
    def __getattr__(name: str) -> Any:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"frontcalc.{_HOME[name]}"), name)

    def __dir__() -> list[str]:
        return __all__
