"""A series by region as a careful analyst would script it with GeoPandas: every map of an archive and each change.

    python bench/plain_series.py ARCHIVE REGIONS

prints km² held at each date, gained and lost since the map before, by region as CSV: the columns that frontcalc's
series measures. It knows the names that three publishers give their layers, and neither incomplete maps nor snapping.
"""

import json
import re
import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd
from plain_geopandas import CRS

HELD = {
    "layer": [
        "control_map",
        "russian_advances",
        "VIEW_RussiaCoTinUkraine_V3",
        "MDS_AssessedRussianAdvanceInUkraine_view",
    ],
    "type": ["nochange", "gains"],
}


def read_held(path):
    """Return what is held on one map, of whichever publisher it is."""
    document = json.loads(path.read_text())
    document = document.get("value", document)
    if document["type"] == "FeatureCollection":
        drawn = [feature for feature in document["features"] if feature["geometry"]]
        layers = gpd.GeoDataFrame.from_features(drawn, crs="EPSG:4326")
    else:
        layers = gpd.read_file(path)
    for field, names in HELD.items():
        if field in layers:
            layers = layers[layers[field].isin(names)]
    return gpd.GeoSeries([layers.to_crs(CRS).make_valid(method="structure").union_all()], crs=CRS)


def by_region(area, regions, land):
    """Return km² of an area by region, with what no region takes and the total."""
    inside = regions.set_index("name").intersection(area.iloc[0]).area / 1e6
    areas = inside.groupby(level=0).sum()
    areas["unassigned"] = area.difference(land).area.sum() / 1e6
    areas["total"] = area.area.sum() / 1e6
    return areas


def main(folder, regions_path):
    regions = gpd.read_file(regions_path)[["name", "geometry"]].to_crs(CRS)
    land = regions.union_all()
    tables, before = [], None
    for path in sorted(Path(folder).glob("*.*json")):
        after = read_held(path)
        areas = {"held_km2": by_region(after, regions, land)}
        if before is not None:
            areas["gained_km2"] = by_region(after.difference(before), regions, land)
            areas["lost_km2"] = by_region(before.difference(after), regions, land)
        day = pd.to_datetime(re.search(r"\d{4}-?\d{2}-?\d{2}", path.name)[0]).date()
        tables.append(pd.DataFrame(areas).rename_axis("region").reset_index().assign(date=day))
        before = after
    pd.concat(tables).round(3).to_csv(sys.stdout, index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
