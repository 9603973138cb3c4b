"""Try what an installation of frontcalc does on its bundled sample: `make release-check` with the wheel.

    python check_install.py          # what `pip install .` has
    python check_install.py all      # what only `pip install ".[all]"` has

Run it with the installation's own Python. What is wrong is an AssertionError.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import geopandas

import frontcalc
from frontcalc.measure.fetch_regions import find_country
from frontcalc.network.client import Client, Patience
from frontcalc.outputs import render

DAYS = ("2022-12-31", "2023-12-31", "2024-11-17")
NET_KM2 = [465.0, 2700.0]


def check_figures(archive: Path) -> None:
    """Hold the net change of 2023 and 2024 on an archive against that of the sample."""
    found = [round(row.net_km2 or 0.0, 1) for row in frontcalc.diff(["2023", "2024"], archive=archive, by="none").rows]
    assert found == NET_KM2, f"{archive}: {found}"
    print(f"{archive}: {found} km²")


def check_plain() -> None:
    """Read zipped shapefiles, GeoPackage and KML as geopandas writes them; write everything that needs no extra."""
    assert not any(map(find_spec, ("pyarrow", "matplotlib", "httpx"))), "an extra is there, so that nothing is shown"
    frontcalc.convert("geojson")
    for day in DAYS:
        drawn = geopandas.read_file(f"geojson/{day}.geojson")[["layer", "geometry"]]
        # As ISW gives them out: a zip a layer.
        for layer, own in drawn.groupby("layer"):
            parts = Path("parts", day, layer)
            parts.mkdir(parents=True)
            own.to_file(parts / f"{layer}.shp")
            shutil.make_archive(f"shapefiles/{day}/{layer}", "zip", parts)
        for form, driver in (("gpkg", "GPKG"), ("kml", "KML")):
            Path(form).mkdir(exist_ok=True)
            drawn.to_file(f"{form}/{day}.{form}", driver=driver, layer="map")
    for archive in ("shapefiles", "gpkg", "kml"):
        check_figures(Path(archive))

    table = frontcalc.diff(["2023", "2024"], by="none")
    assert table.to_frame()["net_km2"].round(1).tolist() == NET_KM2
    assert [round(row["net_km2"], 1) for row in json.loads(render(table, "json"))["rows"]] == NET_KM2
    assert len(render(table, "csv").splitlines()) == 1 + len(NET_KM2)
    assert not frontcalc.diff(["2024"]).to_geoframe().geometry.isna().all()
    Path("changes.gpkg").write_bytes(render(frontcalc.changes(["2024"], by="none"), "gpkg"))
    changes = geopandas.read_file("changes.gpkg", layer="changes")
    assert set(changes["kind"]) == {"gained", "lost"}


def check_all() -> None:
    """Read and write Parquet, write a workbook, a picture and a page, and make ready to fetch."""
    frontcalc.convert("maps.parquet")
    check_figures(Path("maps.parquet"))
    table = frontcalc.diff(["2023", "2024"], by="none")
    assert render(table, "parquet")[:4] == b"PAR1"
    assert render(table, "xlsx")[:2] == b"PK"
    assert frontcalc.change_map(["2024"]).image("png")[1:4] == b"PNG"
    assert "SYNTHETIC SAMPLE" in frontcalc.report(["2024-09"])
    assert find_country("Sudan").alpha3 == "SDN"
    with Client(Patience()):
        pass


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        check_all() if sys.argv[1:] == ["all"] else check_plain()
