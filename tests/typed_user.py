"""A user's script, checked by mypy and never run: each ignored error is one that mypy must find."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import assert_type

import geopandas
import pandas

import frontcalc
from frontcalc.archives import Archive
from frontcalc.tables import ClaimRow, DiffRow, FlowRow, HeldRow, SensitivityRow, SeriesRow, SummaryRow


def net_by_region(archive: Path, periods: list[str]) -> dict[str, float]:
    table = frontcalc.diff(periods, archive=archive, view="control", by=["country", "adm1"], sliver_width=50)
    assert_type(table.rows, tuple[DiffRow, ...])
    assert_type(table.meta.notices[0].code, str)
    return {row.region: row.net_km2 for row in table.rows if row.net_km2 is not None}


def last_day(archive: str) -> date:
    maps = frontcalc.open_archive(archive, skip_bad=True)
    assert_type(maps, Archive)
    frontcalc.diff("2024", archive=maps)
    return maps.days[-1]


def everything(claims: Path) -> None:
    assert_type(frontcalc.held([date(2024, 11, 3), "2024-11-17"], workers=2).rows, tuple[HeldRow, ...])
    assert_type(frontcalc.diff([2023, date(2024, 9, 1), "2024-Q3"]).rows, tuple[DiffRow, ...])
    assert_type(frontcalc.diff(pandas.Period("2024-09"), regions=geopandas.GeoDataFrame()).rows, tuple[DiffRow, ...])
    assert_type(frontcalc.series(since="2024", every="month", cache="none").rows, tuple[SeriesRow, ...])
    assert_type(frontcalc.summary(every="quarter", gross=True, step="week").rows, tuple[SummaryRow, ...])
    assert_type(frontcalc.flows("2024", by="none").rows, tuple[FlowRow, ...])
    assert_type(frontcalc.verify(claims, archive="maps").rows, tuple[ClaimRow, ...])
    assert_type(frontcalc.sensitivity("2024", archive=None).rows, tuple[SensitivityRow, ...])
    assert_type(frontcalc.compare(["2024"], archives=["isw", Path("nzz")]).rows[0].closing_only_km2, float | None)
    frontcalc.diff("2024").to_geoframe().merge(frontcalc.diff("2023").to_frame(), on="region").plot()
    frontcalc.series(archive="maps").plot(size="wide", theme="dark", events="events.csv").savefig("series.png")
    frontcalc.change_map("2024").save("map.png", zoom="Donetsk", units="mi2")


def mistakes() -> None:
    frontcalc.diff(["2024"], "maps")  # type: ignore[call-arg]
    frontcalc.diff(["2024"], vew="control")  # type: ignore[call-arg]
    frontcalc.series(workers=2.5)  # type: ignore[arg-type]
    frontcalc.diff(2023.5)  # type: ignore[arg-type]
    frontcalc.held(3)  # type: ignore[arg-type]
    frontcalc.summary("year")  # type: ignore[call-arg]
    frontcalc.diff(["2024"]).plot("wide")  # type: ignore[call-arg]
    assert frontcalc.diff(["2024"]).rows[0].net  # type: ignore[attr-defined]
    frontcalc.no_such_name()  # type: ignore[attr-defined]
