"""Where ground changed hands, as a GeoPackage that QGIS opens in colours: red for gained, blue for lost.

Where maps disagree goes into one as well, which has no colours of its own.
"""

from __future__ import annotations

import io
import sqlite3
from importlib import resources
from typing import Any

import numpy as np
import shapely

from frontcalc.outputs.geodata import properties
from frontcalc.outputs.numbers import ATTRIBUTION, columns
from frontcalc.sources.packages import extra_package
from frontcalc.tables import ChangeRow, DisagreementRow, Table

LAYERS = {
    ChangeRow: ("changes", "Territory gained and lost"),
    DisagreementRow: ("disagreements", "Ground that one archive shows as held and another does not"),
}
"""The name of the layer of each class of rows, and what it shows."""

_GEOMETRY = "geometry"

# The time of writing is not stated: the same figures give the same bytes.
_CHANGED = "2000-01-01T00:00:00.000Z"

# SQLite's file change counter, and «version-valid-for», which must equal it (SQLite file format, 1.3.7 and 1.3.19).
_COUNTERS = (slice(24, 28), slice(92, 96))

# The table in which QGIS looks for a layer's style, as QGIS itself makes it.
_STYLES = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
    f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
    useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME
)
"""


def gpkg_bytes(result: Table[Any, Any], *, units: str = "km2") -> bytes:
    """Return polygons of change, or of disagreement, as a GeoPackage with one layer; `changes` has its style."""
    raw = extra_package("pyogrio.raw", where="GeoPackage")
    published = {column.name: column.kind for column in (*columns(result.kind, units), ATTRIBUTION)}
    kinds: dict[type, Any] = {float: np.float64, int: np.int64, str: object}
    rows = properties(result, units)
    out = io.BytesIO()
    raw.write(
        out,
        np.array([*shapely.to_wkb([row.geometry for row in result.rows]), None], dtype=object)[:-1],
        # A missing day is null.
        [np.array([row[name] for row in rows], kinds.get(kind, "datetime64[D]")) for name, kind in published.items()],
        list(published),
        layer=LAYERS[result.kind][0],
        driver="GPKG",
        geometry_type="MultiPolygon",
        crs="EPSG:4326",
        layer_options={"GEOMETRY_NAME": _GEOMETRY, "SPATIAL_INDEX": "NO"},
    )
    return _finished(out.getvalue(), result)


def _finished(content: bytes, result: Table[Any, Any]) -> bytes:
    """Return a GeoPackage with the layer's source, the style of changes, and with no time of writing."""
    layer, about = LAYERS[result.kind]
    database = sqlite3.connect(":memory:", isolation_level=None)
    try:
        database.deserialize(content)
        if result.kind is ChangeRow:
            style = (resources.files("frontcalc") / "data" / "changes.qml").read_text(encoding="utf-8")
            database.execute(_STYLES)
            database.execute(
                "INSERT INTO layer_styles VALUES (1, '', '', ?, ?, 'gained and lost', ?, NULL, 1, ?, '', NULL, ?)",
                (layer, _GEOMETRY, style, about, _CHANGED),
            )
            database.execute(
                "INSERT INTO gpkg_contents (table_name, data_type, identifier, last_change, srs_id) "
                "VALUES ('layer_styles', 'attributes', 'layer_styles', ?, 0)",
                (_CHANGED,),
            )
        database.execute("UPDATE gpkg_contents SET last_change = ?", (_CHANGED,))
        described = f"{about}; {'; '.join(result.meta.attribution)}"
        database.execute("UPDATE gpkg_contents SET description = ? WHERE table_name = ?", (described, layer))
        # Else the pages would still hold the time that GDAL wrote.
        database.execute("VACUUM")
        counted = bytearray(database.serialize())
    finally:
        database.close()
    # The header counts how often GDAL wrote, which differs from run to run.
    for place in _COUNTERS:
        counted[place] = (1).to_bytes(4, "big")
    return bytes(counted)
