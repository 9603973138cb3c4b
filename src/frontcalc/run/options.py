"""The options of the facades, with their defaults."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypedDict

from frontcalc.crs import DEFAULT_CRS
from frontcalc.errors import UsageError
from frontcalc.read.files import Entry, GeoFrame
from frontcalc.regions import SNAPS
from frontcalc.slivers import SLIVER_WIDTH_M


class Keywords(TypedDict, total=False):
    """The keywords of the facades: the fields of `Options`, none of which must be given."""

    by: str | Sequence[str] | None
    only: str | Sequence[str] | None
    regions: str | Path | GeoFrame | Entry | None
    region_name: str | None
    view: str | Sequence[str] | None
    actor: str | None
    snap: str
    workers: int | str | None
    processes: bool
    cache: str | Path | None
    crs: str
    sliver_width: float
    drop_slivers: bool
    carry_layers: int
    skip_bad: bool
    date_from: str | None
    legend: str | Path | None
    opening: str | Path | None


@dataclass(frozen=True, slots=True)
class Options:
    """How to measure, where figures are split, and which rows are shown; every facade takes these as keywords.

    Attributes
    ----------
    by : str or sequence of str
        `country`, `adm1` (alias `oblast`; default) or `adm2` (alias `raion`), several at once with
        subtotals; `none` for totals only.
    only : str or sequence of str
        The places to show, by name or code, that of a country for its regions; a text may name several, separated
        by commas; default all.
    regions : path or GeoDataFrame
        A polygon file of regions, or one of its layers as in «gadm41_UKR.gpkg:ADM_ADM_1», or what it would hold;
        default the embedded ones, where they are of the place.
    region_name : str
        The field that names the regions; default `name`, else the one that publishers name regions of the finest level
        by, where there is one.
    view : str or sequence of str
        What counts as held: `control`, `assessed` (the default) or `claimed`; a role alone, as in `role:claimed`; or
        publisher's layer names. Several count together; a text may name them, separated by commas.
    actor : str
        Whose territory; default the archive's main actor, `all` for each in turn.
    snap : str
        `border` (the default) gives ground beside the regions to the nearest, up to 10 km into another
        country's land and 1 km into water; `none` takes regions as drawn.
    workers : int or str
        How many threads measure; default as many as there are processors, and four at most. Or the
        address of a Dask scheduler, as in «tcp://10.0.0.1:8786», whose workers measure for `diff`, `series` and
        `summary`: they must see the maps at the same path, and have the same versions. The result is the same.
    processes : bool
        Measure a series in processes that are forked from this one instead of threads; default False. It is faster
        where maps are small, and for programs without threads of their own. The result is the same; of no effect but
        on Linux.
    cache : path
        The folder that keeps what was read and measured, so that it need not be again; default the user's own.
        `none` keeps nothing and uses nothing that was kept («./none» is a folder). The result is the same.
    crs : str
        An equal-area CRS, proved over the data; default EPSG:6933.
    sliver_width : float
        Mean width (m) below which a part of a change counts as a sliver; default 100.
    drop_slivers : bool
        Leave slivers out of gained, lost and net, with a notice of how much that is; default False.
    carry_layers : int
        For how many days a missing layer is carried over from an earlier map; default 0.
    skip_bad : bool
        Pass over files that cannot be read, with a notice; default False.
    date_from : str
        Where days are read from: `name`, `folder` or `property:FIELD`; default the first of them.
    legend : path
        A toml that explains the layers of the maps, as `frontcalc archive explain` writes it; default what the
        archive itself says.
    opening : path
        The map that stands for every day before the archive's first; default none.

    Raises
    ------
    UsageError
        A number, a rule or an address is wrong.
    """

    by: str | Sequence[str] | None = None
    only: str | Sequence[str] | None = None
    regions: str | Path | GeoFrame | Entry | None = None
    region_name: str | None = None
    view: str | Sequence[str] | None = None
    actor: str | None = None
    snap: str = SNAPS[0]
    workers: int | str | None = None
    processes: bool = False
    cache: str | Path | None = None
    crs: str = DEFAULT_CRS
    sliver_width: float = SLIVER_WIDTH_M
    drop_slivers: bool = False
    carry_layers: int = 0
    skip_bad: bool = False
    date_from: str | None = None
    legend: str | Path | None = None
    opening: str | Path | None = None

    def __post_init__(self) -> None:
        """Take None for «not given», and refuse what cannot be meant."""
        for one in fields(self):
            if getattr(self, one.name) is None or (one.name in ("snap", "crs") and not getattr(self, one.name)):
                object.__setattr__(self, one.name, one.default)
        if isinstance(self.workers, str) and re.fullmatch(r"-?\d{1,9}", self.workers):
            object.__setattr__(self, "workers", int(self.workers))
        workers, width, carry = self.workers, self.sliver_width, self.carry_layers
        if isinstance(workers, str):
            match = re.fullmatch(r"(tcp://|tls://)?(\[[0-9a-fA-F:.]+\]|[\w.-]+):([0-9]{1,5})", workers, re.ASCII)
            if match is None or not 0 < int(match[3]) < 1 << 16:
                form = "give one as in tcp://10.0.0.1:8786, or a whole number"
                raise UsageError(f"{workers!r} is no address of a scheduler", where="--workers", cure=form)
        elif workers is not None and workers < 1:
            raise UsageError("there must be one at least", where=f"--workers {workers}", cure="give a whole number")
        if not 0 <= width < float("inf"):
            raise UsageError("is no width", where=f"--sliver-width {width:g}", cure="give metres, as in 100")
        if carry < 0:
            raise UsageError("cannot be negative", where=f"--carry-layers {carry}", cure="give a number of days")
        if self.snap not in SNAPS:
            cure = f"choose {' or '.join(SNAPS)}"
            raise UsageError(f"no rule is named {self.snap!r}", where="--snap", cure=cure)

    @property
    def is_split(self) -> bool:
        """Whether anything says where figures are split."""
        return bool(self.by or self.regions or self.only)

    @property
    def threads(self) -> int:
        """How many threads measure, as many as there are processors and four at most: each takes memory for maps."""
        if isinstance(self.workers, int):
            return self.workers
        return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, 4)
