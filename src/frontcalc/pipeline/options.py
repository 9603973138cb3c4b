"""The options of the facades, and the run that they start."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from frontcalc import archives, crs, snapshots
from frontcalc.archives import Archive, Dating
from frontcalc.cache import Cache, user_cache
from frontcalc.errors import ChangedError, DataError, UsageError
from frontcalc.layers import ADJECTIVES, Layer, find_layer, spelling
from frontcalc.pipeline.measuring import Measuring
from frontcalc.pipeline.splitting import Splitting, choose_regions
from frontcalc.regions import SNAPS
from frontcalc.slivers import SLIVER_WIDTH_M, SliverRule
from frontcalc.views import choose_view


class Options(Splitting, total=False):
    """How to measure; every facade takes these as keywords, and those of `Splitting`.

    Attributes
    ----------
    view : str or sequence of str
        What counts as held: `control`, `assessed` (the default) or `claimed`; a role alone, as in `role:claimed`; or
        publisher's layer names. Several count together; a text may name them, separated by commas.
    actor : str
        Whose territory; default the archive's main actor, `all` for each in turn.
    snap : str
        `border` (the default) gives ground beside the regions to the nearest, up to 10 km into another
        country's land and 1 km into water; `none` takes regions as drawn.
    crs : str
        An equal-area CRS, proved over the data; default EPSG:6933.
    sliver_width : float
        Mean width (m) below which a part of a change counts as a sliver; default 100.
    drop_slivers : bool
        Leave slivers out of gained, lost and net, with a notice of how much that is; default False.
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
    carry_layers : int
        For how many days a missing layer is carried over from an earlier map; default 0.
    skip_bad : bool
        Pass over files that cannot be read, with a notice; default False.
    date_from : str
        Where days are read from: `name`, `folder` or `property:FIELD`; default the first of them.
    legend : path
        A toml that explains the layers of the maps, as `frontcalc archive explain` writes it.
    """

    view: str | Sequence[str] | None
    actor: str | None
    snap: str
    workers: int | str | None
    processes: bool
    cache: str | Path | None
    crs: str
    sliver_width: float | None
    drop_slivers: bool
    carry_layers: int
    skip_bad: bool
    date_from: str | None
    legend: str | Path | None


def open_maps(archive: str | Path | Archive | None, options: Options) -> Archive:
    """Open an archive as the options say, its files as they are now; None is the bundled sample.

    Raises
    ------
    UsageError
        An archive that is open is to be opened otherwise, or as `open_archive`.
    """
    snapshots.forget_read()
    if archive is None:
        return archives.open_sample()
    if isinstance(archive, Archive):
        if options.get("date_from") or options.get("legend"):
            problem, cure = (
                "is open already: its maps are dated, its layers named",
                "give dating= or legend= to open_archive",
            )
            raise UsageError(problem, where=archive.name, cure=cure)
        return archive.skipping_bad() if options.get("skip_bad") else archive
    dating = Dating(options.get("date_from"))
    skip_bad = bool(options.get("skip_bad"))
    return archives.open_archive(archive, dating=dating, skip_bad=skip_bad, legend=options.get("legend"))


def start(archive: Archive, options: Options, day: date | None = None) -> Measuring:
    """Return a run on an archive, its options checked and its regions read.

    Parameters
    ----------
    archive : Archive
        The maps.
    options : Options
        How to measure.
    day : date, optional
        A day whose map will be read anyway: it tells what part of the world the regions must be of.

    Raises
    ------
    UsageError
        An option is wrong.
    """
    _check_numbers(options)
    target = options.get("crs") or crs.DEFAULT_CRS
    own = dict(archive.refs[0].legend.layers)
    view = choose_view(options.get("view") or archive.view, own=own)
    skip_bad = bool(options.get("skip_bad"))
    actor = _actor(options.get("actor"), view.layers, own)
    cache = user_cache(options.get("cache"))
    regions, lines = choose_regions(
        by=options.get("by"),
        only=options.get("only"),
        regions=options.get("regions"),
        region_name=options.get("region_name"),
        crs=target,
        place=_place(archive, day, cache, skip_bad=skip_bad),
        actor=actor,
        cache=cache,
    )
    width, workers = options.get("sliver_width"), options.get("workers")
    count, address = (None, workers) if isinstance(workers, str) else (workers, None)
    return Measuring(
        archive=archive,
        view=view,
        regions=regions,
        lines=lines,
        crs=target,
        carry_days=options.get("carry_layers") or 0,
        skip_bad=skip_bad,
        actor=actor,
        snap=_choice("snap", "rule", options.get("snap"), SNAPS),
        workers=count or usual_workers(),
        slivers=SliverRule(SLIVER_WIDTH_M if width is None else float(width), target),
        drop_slivers=bool(options.get("drop_slivers")),
        cluster=address,
        processes=bool(options.get("processes")),
        notices=[*archive.notices, *regions.notices],
        cache=cache,
    )


def usual_workers() -> int:
    """Return how many measure at once unless the user says otherwise: each takes memory for maps and regions."""
    return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, 4)


def _choice(option: str, what: str, asked: str | None, known: Sequence[str]) -> str:
    """Return what was asked for of a few known names, the first of which is the default."""
    if asked and asked not in known:
        raise UsageError(f"no {what} is named {asked!r}", where=f"--{option}", cure=f"choose {' or '.join(known)}")
    return asked or known[0]


def _check_numbers(options: Options) -> None:
    """Refuse numbers and an address that cannot be meant."""
    workers, width, carry = options.get("workers"), options.get("sliver_width"), options.get("carry_layers") or 0
    if isinstance(workers, str):
        from frontcalc.pipeline.cluster import check_address

        check_address(workers)
    elif workers is not None and workers < 1:
        raise UsageError("there must be one at least", where=f"--workers {workers}", cure="give a whole number")
    if width is not None and not 0 <= width < float("inf"):
        raise UsageError("is no width", where=f"--sliver-width {width:g}", cure="give metres, as in 100")
    if carry < 0:
        raise UsageError("cannot be negative", where=f"--carry-layers {carry}", cure="give a number of days")


def _actor(name: str | None, layers: Sequence[str], own: Mapping[str, Layer]) -> str | None:
    """Return the actor asked for, spelt as in the table; a layer named by itself implies its actor."""
    if name:
        return next((known for known in ADJECTIVES if known.casefold() == name.casefold()), name)
    explained = {spelling(item): layer for item, layer in own.items()}
    owners = {layer.actor for item in layers if (layer := explained.get(spelling(item)) or find_layer(item))}
    if len(owners) > 1:
        raise UsageError(f"the layers are of {' and '.join(sorted(owners))}", cure="say whose with --actor")
    return owners.pop() if owners else None


def _place(archive: Archive, day: date | None, cache: Cache, *, skip_bad: bool) -> NDArray[np.object_]:
    """Return boxes in degrees around what the map of a day shows, else the archive's first or last."""
    earlier = archive.upto(day) if day else ()
    for ref in (*earlier, archive.refs[0], archive.refs[-1]):
        try:
            return snapshots.kept_boxes(snapshots.read_snapshot(ref, cache), cache)
        except DataError as error:
            if not skip_bad or isinstance(error, ChangedError):
                raise
    return np.empty(0, dtype=object)
