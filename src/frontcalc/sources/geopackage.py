"""GeoPackage: every layer that has geometry, by GDAL."""

from __future__ import annotations

from frontcalc.errors import DataError
from frontcalc.sources.assemble import concatenate, name_layer
from frontcalc.sources.features import Features
from frontcalc.sources.ogr import layer_names, read_layer

_SQLITE = b"SQLite format 3\x00"
# OGC 12-128r18, requirement 2: what an SQLite header says at byte 68 where the database is a GeoPackage.
_APPLICATION = slice(68, 72)
_GEOPACKAGE = (b"GPKG", b"GP10", b"GP11")


def detect(data: bytes) -> bool:
    """Say whether content begins as an SQLite database does."""
    return data.startswith(_SQLITE)


def read(data: bytes, *, where: str) -> Features:
    """Return the features of a GeoPackage; a layer's name is the `layer` of features that name none.

    Raises
    ------
    DataError
        The file is no GeoPackage, is broken, has no layer with geometry, or layers in several CRSs.
    UsageError
        pyogrio is not installed.
    """
    if data[_APPLICATION] not in _GEOPACKAGE:
        raise DataError("is an SQLite database but no GeoPackage", where=where, cure="export it as GeoPackage")
    layers = layer_names(data, where=where)
    if not layers:
        raise DataError("is a GeoPackage without a layer that has geometry", where=where)
    return concatenate(
        [
            (name, name_layer(read_layer(data, where=f"{where}/{name}", drivers=("GPKG",), layer=index), name))
            for index, name in layers
        ],
        where=where,
    )
