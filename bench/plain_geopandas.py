"""The script that frontcalc replaces, written as a careful analyst would: GeoPandas, one pair of maps.

    python bench/plain_geopandas.py BEFORE AFTER REGIONS

prints km² held at either end, gained and lost by region as CSV. It knows one publisher's layer names, no periods and no
missing days.
"""

import sys

import geopandas as gpd
import pandas as pd

HELD = ["control_map", "russian_advances"]
CRS = "EPSG:6933"


def read_held(path):
    """Return what is held on one map as a single-row frame."""
    layers = gpd.read_file(path)
    layers = layers[layers["layer"].isin(HELD)].to_crs(CRS)
    held = layers.make_valid().union_all()
    return gpd.GeoDataFrame(geometry=[held], crs=CRS)


def by_region(area, regions):
    """Return km² of an area by region, with what no region takes and the total."""
    inside = gpd.overlay(regions, area, how="intersection", keep_geom_type=True)
    outside = gpd.overlay(area, regions, how="difference", keep_geom_type=True)
    areas = inside.assign(km2=inside.area / 1e6).groupby("name")["km2"].sum()
    areas = areas.reindex(sorted(regions["name"]), fill_value=0.0)
    areas["unassigned"] = outside.area.sum() / 1e6
    areas["total"] = area.area.sum() / 1e6
    return areas


def main(before_path, after_path, regions_path):
    before, after = read_held(before_path), read_held(after_path)
    regions = gpd.read_file(regions_path)[["name", "geometry"]].to_crs(CRS)
    gained = gpd.overlay(after, before, how="difference", keep_geom_type=True)
    lost = gpd.overlay(before, after, how="difference", keep_geom_type=True)
    table = pd.DataFrame(
        {
            "opening_km2": by_region(before, regions),
            "closing_km2": by_region(after, regions),
            "gained_km2": by_region(gained, regions),
            "lost_km2": by_region(lost, regions),
        }
    )
    table["net_km2"] = table["gained_km2"] - table["lost_km2"]
    table.round(3).to_csv(sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
