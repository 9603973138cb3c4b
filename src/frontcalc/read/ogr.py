"""GDAL behind a small door: bytes in memory, one expected driver, no network, no other file; WKB into polygons."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc.crs import LONLAT, source_crs
from frontcalc.errors import DataError
from frontcalc.names import printable
from frontcalc.read.features import Features, Properties, concatenate, name_layer
from frontcalc.read.limits import limits, too_many_vertices
from frontcalc.read.rings import check_on_earth, nest_polygons

_COMPLETE = "is the download complete?"
# Each is opened for itself, and all are looked at each time.
_MOST_LAYERS = 200
_POLYGON = shapely.GeometryType.POLYGON

# GDAL's settings are the process's, so a read sets them, and puts back what was there, under this lock.
_LOCK = threading.Lock()

# No file of a known format should make GDAL fetch anything; should one try, it meets a closed door: no name
# may be read over the network, and requests go to the discard port of this machine.
_OFFLINE = {
    "CPL_VSIL_CURL_ALLOWED_FILENAME": "none",
    "GDAL_HTTP_PROXY": "127.0.0.1:9",
    "GDAL_HTTPS_PROXY": "127.0.0.1:9",
    "GDAL_HTTP_MAX_RETRY": "0",
    "OGR_SQLITE_LOAD_EXTENSIONS": "",
    # A byte a character, for `frontcalc.read.shapefile` to decode.
    "SHAPE_ENCODING": "ISO-8859-1",
}


@contextmanager
def _offline(pyogrio: Any, where: str) -> Iterator[None]:
    """Let GDAL work without network and without printing; its errors become ours."""
    errors = pyogrio.errors
    with _LOCK, warnings.catch_warnings():
        # What GDAL warns of is either harmless or found by the checks after it (counts, CRS, coordinates).
        warnings.simplefilter("ignore")
        found = {name: pyogrio.get_gdal_config_option(name) for name in _OFFLINE}
        # What the environment says is no setting of the process's, and is not to become one.
        before = {name: None if str(own) == os.environ.get(name) else own for name, own in found.items()}
        pyogrio.set_gdal_config_options(_OFFLINE)
        try:
            yield
        except errors.DataLayerError as error:
            raise DataError("has a layer that cannot be opened", where=where, cure=_COMPLETE) from error
        except (errors.DataSourceError, errors.FeatureError, errors.GeometryError, errors.FieldError) as error:
            # GDAL's own names for files, ours in memory and its sources, say nothing.
            words = str(error).partition(";")[0].split()
            reason = " ".join(word for word in words if "/" not in word).rstrip(".;: ")
            raise DataError(f"cannot be read: {reason}", where=where, cure=_COMPLETE) from error
        except (errors.CRSError, UnboundLocalError) as error:
            # pyogrio trips over its own names where GDAL knows a CRS but cannot write it down.
            raise DataError("declares a CRS that cannot be", where=where, cure="declare an EPSG code") from error
        except UnicodeDecodeError as error:
            problem = f"its texts are not in the encoding it declares ({error.encoding})"
            raise DataError(problem, where=where, cure="save it with UTF-8 texts") from error
        finally:
            pyogrio.set_gdal_config_options(before)


def layer_names(source: bytes | Path, *, where: str) -> list[tuple[int, str]]:
    """Return index and name of each layer that has geometry."""
    import pyogrio

    with _offline(pyogrio, where):
        layers = pyogrio.list_layers(source)
    return [(index, printable(str(name))) for index, (name, kind) in enumerate(layers) if kind is not None]


def read_layers(
    source: bytes | Path, *, where: str, drivers: tuple[str, ...], expected: Mapping[str, int | None]
) -> Features:
    """Return the features of all layers that have geometry, as `read_layer`; each layer names those that name none.

    `expected` are the names of the layers that must be there, each with how many of its features have a geometry, if
    that is known: GDAL passes over a layer that it cannot read.
    """
    layers = layer_names(source, where=where)
    if lost := sorted(expected.keys() - {name for _, name in layers}):
        raise DataError(f"its layer {lost[0]!r} cannot be read", where=where, cure=_COMPLETE)
    if not 0 < len(layers) <= _MOST_LAYERS:
        problem = f"has {len(layers):,} layers with geometry; 1 to {_MOST_LAYERS} are read"
        raise DataError(problem, where=where, cure="export the map alone, with its polygons")
    parts = []
    for index, name in layers:
        count = expected.get(name)
        part = read_layer(source, where=f"{where}/{name}", drivers=drivers, layer=index, drawn=count)
        parts.append((name, name_layer(part, name)))
    return concatenate(parts, where=where)


def read_texts(source: Path, *, layer: str, columns: tuple[str, str], where: str) -> list[tuple[str, str]]:
    """Return two columns of a table without geometry."""
    import pyogrio

    with _offline(pyogrio, where):
        meta, _, _, found = pyogrio.raw.read(source, layer=layer, columns=columns, read_geometry=False)
    told = dict(zip(meta["fields"], found, strict=True))
    if told.keys() != set(columns):
        raise DataError(f"its table {layer} is broken", where=where, cure=_COMPLETE)
    return [(str(one), str(other)) for one, other in zip(*(told[name] for name in columns), strict=True)]


def read_layer(
    source: bytes | Path,
    *,
    where: str,
    drivers: tuple[str, ...],
    layer: int = 0,
    drawn: int | None = None,
    deleted: int = 0,
    undeclared: str = "",
    declares: str = "declare an EPSG code",
) -> Features:
    """Return the features of one layer.

    Parameters
    ----------
    source : bytes or Path
        The file's content, or a zip made here of a file's parts; a path only where GDAL must have one.
    where : str
        The file's name, for messages.
    drivers : tuple of str
        GDAL's names of the drivers of the format that `data` was found to be; no other may read it.
    layer : int
        Which of the file's layers.
    drawn : int, optional
        How many features have a geometry, where the caller can tell: GDAL takes one that it cannot read for none.
    deleted : int
        How many features GDAL counts and passes over, since they are marked as deleted.
    undeclared : str
        The CRS of a file that declares none; without it that is an error.
    declares : str
        What to do where the CRS is missing or cannot be right.

    Raises
    ------
    DataError
        The file is broken or incomplete, another driver took it, or its CRS is missing or unknown.
    """
    import pyogrio

    with _offline(pyogrio, where):
        info = pyogrio.read_info(source, layer=layer, force_feature_count=True)
        if info["driver"] not in drivers:
            cure = "export it as GeoJSON"
            raise DataError(f"is no {drivers[0]} file: GDAL takes it for {info['driver']}", where=where, cure=cure)
        # A geodatabase's layer whose table GDAL cannot open is empty to it, but has not even a column of numbers.
        if info["driver"] == "OpenFileGDB" and not info["fid_column"]:
            raise DataError("is a layer that cannot be opened", where=where, cure=_COMPLETE)
        refuse_promises(info["features"], source, where=where)
        meta, _, wkb, columns = pyogrio.raw.read(source, layer=layer, force_2d=True)
    count = len(wkb) if wkb is not None else 0
    if (expected := info["features"] - deleted) > count:
        raise DataError(f"only {count} of {expected} features can be read", where=where, cure=_COMPLETE)
    geometries = geometries_from_wkb(wkb if wkb is not None else [], where=where)
    found = int(np.count_nonzero(geometries != None))  # noqa: E711 - of an array
    if drawn is not None and found != drawn:
        raise DataError(f"only {found} of {drawn} geometries can be read", where=where, cure=_COMPLETE)
    declared = meta["crs"] or undeclared
    if not declared:
        raise DataError("declares no CRS", where=where, cure=declares, code="CRS-UNKNOWN")
    crs = LONLAT if declared == LONLAT else source_crs(str(declared), where=where)
    return features_from_geometries(geometries, _rows(meta["fields"], columns, count), crs, where=where, cure=declares)


def refuse_promises(count: int, source: bytes | Path, *, where: str) -> None:
    """Refuse more features than bytes, before room is made for them."""
    size = source.stat().st_size if isinstance(source, Path) else len(source)
    if count > size:
        raise DataError(f"promises {count:,} features in {size:,} bytes", where=where, cure=_COMPLETE)


def _rows(fields: NDArray[np.object_], columns: tuple[NDArray[Any], ...], count: int) -> list[dict[str, object]]:
    """Return a dict of plain Python values for each feature; GDAL's stand-ins for null become None."""
    plain = [[None if value != value else value for value in column.tolist()] for column in columns]
    names = [str(name) for name in fields]
    return [dict(zip(names, values, strict=True)) for values in zip(*plain, strict=True)] or [{}] * count


def geometries_from_wkb(wkb: Iterable[bytes | None], *, where: str) -> NDArray[np.object_]:
    """Return geometries (n,) from well-known binary, None for None; a DataError names the first that is broken."""
    given = np.array([*wkb, None], dtype=object)[:-1]
    # What is no number is named by the check after this, so that it need not be warned of.
    with np.errstate(all="ignore"):
        try:
            return np.asarray(shapely.from_wkb(given), dtype=object)
        except (shapely.GEOSException, TypeError) as error:
            index = 0
            with suppress(shapely.GEOSException, TypeError):
                for index, one in enumerate(given):  # noqa: B007 - the first that cannot be read
                    shapely.from_wkb(one)
            cure = "repair it or use --skip-bad"
            raise DataError(f"feature {index} has a broken geometry: {error}", where=where, cure=cure) from error


def features_from_geometries(
    geometries: NDArray[np.object_], properties: Sequence[Properties], crs: str, *, where: str, cure: str
) -> Features:
    """Return features with their polygons taken out of multipolygons and collections, without Z.

    Geometries (n,) are of any kind or None, each with its properties; `cure` says what to do where the coordinates
    cannot be in degrees, though the CRS is.
    """
    outer, of_feature = shapely.get_parts(geometries, return_index=True)
    # A collection may hold multipolygons: two passes take both apart.
    parts, of_outer = shapely.get_parts(outer, return_index=True)
    owner = of_feature[of_outer]
    drawn = ~shapely.is_empty(parts)
    area = drawn & (shapely.get_type_id(parts) == _POLYGON)
    polygons = np.asarray(shapely.force_2d(parts[area]), dtype=object)
    no_area = owner[drawn & ~area].astype(np.intp)
    owner = owner[area].astype(np.intp)
    vertices = int(shapely.get_num_coordinates(polygons).sum())
    if vertices > limits()["max_vertices"]:
        raise too_many_vertices(vertices, where=where)
    xy, of_polygon = shapely.get_coordinates(polygons, return_index=True)
    wild = np.flatnonzero(~np.isfinite(xy).all(axis=1))
    if len(wild):
        problem = f"feature {owner[of_polygon[wild[0]]]} has a coordinate that is no finite number"
        raise DataError(problem, where=where, cure="repair it or use --skip-bad", code="BROKEN-RING")
    check_on_earth(xy, crs, where=where, cure=cure)
    polygons, owner = nest_polygons(polygons, owner, where=where)
    return Features(crs, tuple(properties), polygons, owner, no_area)
