"""What tells the layers of an archive's maps, and the toml that says what they mean."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Unpack

from frontcalc import crs
from frontcalc.archives import Archive, SnapshotRef, archive_path, explain_command, pair_archive
from frontcalc.config import NAME, ArchiveConfig, read_legend
from frontcalc.errors import DataError, UsageError
from frontcalc.keywords import facade
from frontcalc.layers import INNER, OWN, UNDIFFERENTIATED, Layer, Legend, Role, plain, spelling
from frontcalc.measure.archives import archive_meta
from frontcalc.notices import Notice
from frontcalc.outputs import write_file
from frontcalc.progress import track
from frontcalc.read import SourceFile
from frontcalc.run.options import Keywords, Options
from frontcalc.run.run import Run
from frontcalc.snapshots import Tells, drawn_km2, layers_of, note_tells, read_part, remark_on, sort_tells
from frontcalc.tables import ArchiveMeta, LegendRow, Table

LAYER = "layer"  # what a row calls the property of a layer whose name is known, wherever the name stands
_NONE = "(no layer)"
_text = partial(json.dumps, ensure_ascii=False)  # a text, a number or a list of texts as TOML has it


@facade
def explain_archive(
    *, archive: str | Path | Archive | None = None, **options: Unpack[Keywords]
) -> Table[LegendRow, ArchiveMeta]:
    """List what tells the layers of an archive's maps, and what frontcalc takes them for.

    Otherwise as `diff`.

    Parameters
    ----------
    archive, **options
        As for `diff`; of `Options`: `legend`, `date_from`, `skip_bad`.

    Returns
    -------
    Table of LegendRow
        A row a layer, or a value of a property that may tell whose ground it is: its polygons and km² on the map that
        has most of it, the first and the last map, and actor and role; both are blank where the value does not count.
        `asked` where no figure can be had until somebody says what the value means.

    Examples
    --------
    >>> import frontcalc
    >>> for row in frontcalc.explain_archive().rows:
    ...     print(f"{row.value}: {row.role} of {row.actor}")
    control_map: control of Russia
    kursk_ukrainian_advance: control of Ukraine
    russian_advances: advance of Russia
    """
    try:
        maps = Run.open(archive, Options(**options)).archive
    except DataError as error:
        # A single file needs no day, since it may be one of two that are compared.
        if error.code != "NO-DATE" or not isinstance(archive, str | Path) or not Path(archive).is_file():
            raise
        pair = pair_archive(archive, archive, legend=options.get("legend"))
        maps = replace(pair, name=Path(archive).name, refs=pair.refs[:1])
    rows: dict[tuple[str, str, bool], LegendRow] = {}
    by_field: Tells = {}
    files: dict[str, SourceFile] = {}
    for ref in track(maps.refs, "reading map"):
        for row in _rows_of(ref, by_field, files):
            value = spelling(row.value) if row.property == LAYER else row.value
            # Without a layer, all polygons of one map may count, and none of another.
            key = (plain(row.property), value, row.value == _NONE and bool(row.actor))
            known = rows.setdefault(key, row)
            largest = max(known, row, key=lambda one: one.km2)
            rows[key] = replace(largest, first=known.first, last=row.last)
    firm, loose = ({plain(field) for field in fields} for fields in sort_tells(by_field))
    shown = [
        replace(row, asked=plain(row.property) in firm)
        for row in rows.values()
        if (row.property == LAYER and not (firm and row.value == _NONE)) or plain(row.property) in firm | loose
    ]
    notices = (*maps.notices, *_advice(by_field, shown, explain_command(maps.refs)))
    shown.sort(key=lambda row: (not row.asked, row.property != LAYER, row.property, -row.km2, row.value))
    return Table(LegendRow, tuple(shown), archive_meta(maps, crs.DEFAULT_CRS, files, notices))


def _rows_of(ref: SnapshotRef, by_field: Tells, files: dict[str, SourceFile]) -> Iterator[LegendRow]:
    """Yield the layers of one map, and what tells its polygons apart where nothing explains it."""
    read = [(*read_part(part), part.entry) for part in ref.parts]
    files.update((file.name, file) for file, _, _ in read)
    layers, tells = layers_of([(file, entry, features) for file, features, entry in read], ref.legend, [])
    note_tells(by_field, tells, ref)
    for file, name, known, polygons in layers:
        layer = known or Layer("", Role.OTHER)
        value = _NONE if layer is UNDIFFERENTIATED else name
        km2 = float(drawn_km2(polygons, read[file][1].crs).sum())
        meaning = (layer.actor, layer.role.value if layer.actor else "", layer.legend)
        yield LegendRow(LAYER, value, len(polygons), km2, ref.day, ref.day, *meaning)
    for tell in filter(lambda one: one.value, tells):
        yield LegendRow(tell.field, tell.value, tell.polygons, tell.km2, ref.day, ref.day, "", "", "")


def _advice(by_field: Tells, rows: Sequence[LegendRow], command: str) -> Iterator[Notice]:
    """Yield what to do next: which property to explain, or which names no legend has."""
    if firm := sort_tells(by_field)[0]:
        field = max(firm, key=lambda one: (len(firm[one]), one))
        value = firm[field][0].value
        how = f"{command} --property {json.dumps(field)} --layer {_text(f'{value}=ACTOR ROLE')} for each value"
        ignored = f"if its values tell nothing: --ignore {json.dumps(field)}"
        yield Notice("UNNAMED", f"to explain {field!r}: {how} (roles: {', '.join(Role)}); {ignored}")
    elif any(row.value == _NONE and row.actor for row in rows):
        yield Notice("UNNAMED", remark_on(by_field))
    if unknown := [repr(row.value) for row in rows if row.property == LAYER and not row.actor]:
        yield Notice("UNKNOWN-LAYER", f"not counted: {', '.join(unknown[:5])}; --layer says what a name means")


@facade
def write_legend(
    path: str | Path,
    *,
    field: str | None = None,
    meanings: Mapping[str, str] | None = None,
    ignore: Iterable[str] = (),
    output: str | Path | None = None,
    force: bool = False,
    **options: Unpack[Keywords],
) -> Path:
    """Write the toml that explains the layers of an archive's maps, and return where it is.

    Parameters
    ----------
    path : path
        The archive: its folder, zip or file, or its name in the working folder's frontcalc.toml.
    field : str, optional
        The property whose values `meanings` explains; None where these are names of layers.
    meanings : mapping of str to str, optional
        Actor and role of each value, as in «Russia control».
    ignore : iterable of str
        Properties whose values tell nothing.
    output : path, optional
        Where to; default frontcalc.toml in the folder, NAME.frontcalc.toml beside a zip or file.
    force : bool
        Write over an existing file, whose other entries are kept.
    **options
        As for `explain_archive`.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    UsageError
        A property, value or role is not there, or the file exists.
    DataError
        A map or the file cannot be read or written.

    Examples
    --------
    >>> import frontcalc
    >>> files = frontcalc.convert("maps")  # the bundled sample, a GeoJSON file a map
    >>> frontcalc.write_legend("maps", meanings={"control_map": "North control"}).name
    'frontcalc.toml'
    >>> frontcalc.held("2024-11-17", archive="maps", actor="North", by="none").rows[-1].view
    'assessed'
    """
    root = archive_path(path)
    target = Path(output) if output else root / NAME if root.is_dir() else root.with_name(f"{root.stem}.{NAME}")
    if target.exists() and not force:
        raise UsageError("exists", where=str(target), cure="add --force to write over it, or choose another -o FILE")
    ignore = tuple(ignore)
    table = explain_archive(archive=path, **options)
    meant: dict[str, Layer] = {}
    for value, text in (meanings or {}).items():
        actor, _, role = text.strip().rpartition(" ")
        if not actor.strip() or role not in tuple(Role):
            cure = f"write VALUE=ACTOR ROLE; roles are {', '.join(Role)}"
            raise UsageError(f"{value!r} is {text!r}", where="--layer", cure=cure)
        meant[value] = Layer(actor.strip(), Role(role), legend=OWN)
    before = read_legend(target) if target.is_file() else ArchiveConfig()
    old = before.get("legend", Legend())
    # What the file explains already is among the layers now.
    again = field is not None and plain(field) == plain(old.field)
    new = [name for name in ignore if not old.is_ignored(name)]
    _require(table.rows, None if again else field, meant, new, already=bool(ignore))
    layers, ignored = tuple(sorted((dict(old.layers) | meant).items())), tuple(sorted({*old.ignore, *ignore}))
    write_file(target, _toml(before, Legend(layers, field or old.field, ignored)).encode())
    return target


def _require(
    rows: Sequence[LegendRow], field: str | None, meant: Mapping[str, Layer], ignore: Sequence[str], *, already: bool
) -> None:
    """Refuse properties and values that are on no map."""
    fields = {plain(row.property): row.property for row in rows if row.property != LAYER}
    for name in (*([field] if field else []), *ignore):
        if plain(name) not in fields:
            known = f"they have {', '.join(sorted(fields.values()))}" if fields else "no property of theirs might"
            raise UsageError(f"no property {name!r} of these maps tells anything apart", cure=known)
    if not meant and not already:
        raise UsageError("nothing is explained", where="--property", cure='add --layer "VALUE=ACTOR ROLE" or --ignore')
    wanted = plain(field) if field else LAYER
    values = [row.value for row in rows if plain(row.property) == wanted and row.value != _NONE]
    if not field and not values:
        values = [row.value for row in rows if row.property == INNER]
    if meant and not values:
        cure = f"say with --property whose value it is: {', '.join(sorted(fields.values()))}"
        raise UsageError("these maps name no layers", where="--layer", cure=cure)
    spelt = set(map(spelling, values))
    for value in meant:
        if spelling(value) not in spelt:
            of = f"of {field!r}" if field else "of a layer"
            raise UsageError(f"{value!r} is no value {of}", where="--layer", cure=f"values are {', '.join(values)}")


def _toml(config: ArchiveConfig, legend: Legend) -> str:
    """Return an archive's frontcalc.toml, what it says of itself today with another legend."""
    ended = [layer for _, layer in config.get("legend", Legend()).layers if layer.until]
    lines = ["# What the layers of these maps mean. Whom the maps are from, as every output repeats it:"]
    for key, example in (("publisher", "…"), ("attribution", "…"), ("licence", "CC BY 4.0")):
        own = config.get(key)
        lines.append(f"{key} = {_text(own)}" if own else f"# {key} = {_text(example)}")
    stated: list[tuple[str, object]] = [(key, config.get(key)) for key in ("view", "as_of_offset_days", "year")]
    stated += [("property", legend.field), ("ignore", legend.ignore or None)]
    lines += [f"{key} = {_text(value)}" for key, value in stated if value not in (None, "")]
    if dates := config.get("dates"):
        lines += ["", "[dates]", *(f"{_text(name)} = {day}" for name, day in sorted(dates.items()))]
    if legend.layers:
        lines += ["", "[layers]"]
        advancing = {layer.actor for _, layer in legend.layers if layer.role is Role.ADVANCE}
        for name, layer in legend.layers:
            entries = [f"actor = {_text(layer.actor)}", f"role = {_text(layer.role.value)}"]
            # Control that is all an actor holds is read off the table by itself.
            entries += ["whole = true"] if layer.whole and layer.actor in advancing else []
            ends = [one for one in ended if (one.actor, one.role) == (layer.actor, layer.role)]
            entries += [f"until = {one.until}{', empty = true' if one.empty else ''}" for one in ends[:1]]
            lines.append(f"{_text(name)} = {{ {', '.join(entries)} }}")
    return "\n".join(lines) + "\n"
