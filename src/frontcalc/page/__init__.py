"""One self-contained page that answers the question: figures, map, slider, chart and table, without a connection.

Bokeh's scripts are in it, and a policy lets nothing else run or load. Bokeh's three figures are empty: template/*.js
fill their sources from the page's data. None has a JavaScript callback, for which Bokeh would need `eval`, or a text
from a file: that is set as data only, which Bokeh escapes.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import asdict, replace
from importlib import resources
from pathlib import Path
from typing import Any, Unpack

import orjson

from frontcalc.archives import Archive
from frontcalc.crs import M_PER_MILE
from frontcalc.errors import extra_package
from frontcalc.keywords import facade
from frontcalc.outputs.numbers import scaled
from frontcalc.outputs.receipts import with_receipt
from frontcalc.page.content import PageContent, context, data, measure
from frontcalc.periods import PeriodsLike
from frontcalc.pictures.style import THEMES, style_of
from frontcalc.run.options import Keywords

_SCRIPTS = ("shapes", "words", "map", "series", "ranking", "table", "main")
_POLICY = (
    "default-src 'none'; script-src {}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
)
"""It forbids every connection, and every script but those whose digests it names."""

_FONT = "system-ui, sans-serif"
_MILES, _TICKS = {"m": (1, "m", "metre"), "mi": (M_PER_MILE, "mi", "mile")}, [1, 2, 5, 10, 20, 50, 100, 200, 500]
_HOVER = '<div class="hover"><b>@name</b><br>@held<br>@gained<br>@lost<br>@net</div>'
_HOVER_SERIES = '<div class="hover"><b>@label</b><br>@text</div>'
_TEXT = {"text_baseline": "middle", "text_font_size": "12px", "text_font": {"value": _FONT}}
_CALM = {"toolbar_location": None, "outline_line_color": None, "background_fill_alpha": 0, "border_fill_alpha": 0}


@facade
def report(
    periods: PeriodsLike,
    *,
    archive: str | Path | Archive | None = None,
    with_range: bool = True,
    units: str = "km2",
    **options: Unpack[Keywords],
) -> str:
    """Return an HTML page of how much territory was gained and lost in each period, by region, and where.

    Parameters
    ----------
    periods : str, int, date or pandas.Period, or sequence of these
        As for `diff`.
    archive : path or Archive
        A folder of dated maps; None for the bundled synthetic sample, which the page is marked with.
    with_range : bool
        Show the least and the most that each net change comes to, as `diff` does with the same option.
    units : str
        `km2` (the default) or `mi2`, of all figures, the CSV in it too.
    **options
        How to measure: see `Options`. A page is of one actor.

    Returns
    -------
    str
        HTML that loads nothing. Its figures are those of `diff` and `held`; its shapes are simplified for
        display, and no figure comes from them.

    Raises
    ------
    UsageError
        More than one actor is asked for, there is no such unit, Bokeh is not installed, or as `diff`.
    DataError, NoDataError
        As `diff`.

    Examples
    --------
    >>> import frontcalc
    >>> from pathlib import Path
    >>> page = frontcalc.report(["2024-10"], with_range=False)
    >>> written = Path("report.html").write_text(page, encoding="utf-8")
    >>> page[:15]
    '<!doctype html>'
    """
    # Before anything is measured.
    style_of({"units": units})
    _bokeh("resources")  # its figures when maps are no longer in memory
    page = measure(periods, archive, options, with_range=with_range)
    call: dict[str, Any] = {"periods": periods, "archive": archive, "with_range": with_range, **options}
    return html_page(replace(page, figures=replace(page.figures, call=("report", call))), units)


def html_page(report: PageContent, units: str = "km2") -> str:
    """Return a report as an HTML page that stands by itself; raise UsageError where Bokeh is not installed."""
    texts, shown = context(report, units), data(scaled(report, units))
    drawn = _map_figure(synthetic=texts["synthetic"], units=units), _series_figure(texts["unit"]), _ranking_figure()
    figures = dict(zip(("map", "series", "ranking"), map(_item, drawn), strict=True))
    library = "\n".join(_bokeh("resources").Resources(mode="inline", components=["bokeh"]).js_raw)
    script = "".join(_file(f"{name}.js") for name in _SCRIPTS)
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (library, script))
    themes = {
        name: " ".join(f"--{use}: {colour};" for use, colour in asdict(THEMES[name]).items())
        for name in ("light", "dark")
    }
    jinja = extra_package("jinja2", where="a page")
    template = jinja.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(_file("page.html"))
    # The template escapes all but texts of our own or Bokeh's and JSON that `_json` made safe: those marked safe in it.
    page: str = template.render(
        **texts,
        **themes,
        style=_file("page.css"),
        library=library,
        script=script,
        figures=_json(figures),
        data=_json(shown),
        coast=bool(shown["sea"]),
        policy=_POLICY.format(" ".join(f"'sha256-{digest}'" for digest in digests)),
        bokeh_version=figures["map"]["version"],
    )
    return with_receipt(page.encode(), texts["receipt"]).decode()


def _file(name: str) -> str:
    """Return a file of the template."""
    return (resources.files("frontcalc.page") / "template" / name).read_text(encoding="utf-8")


def _json(value: Any) -> str:
    """Return JSON for a script element, which no text in it can end or open anew."""
    return orjson.dumps(value).decode().replace("<", "\\u003c")


def _item(figure: Any) -> dict[str, Any]:
    """Return a figure as Bokeh's JSON, its models numbered from 1: Bokeh counts on from figure to figure."""
    item = _bokeh("embed").json_item(figure)
    numbers: dict[str, str] = {}
    text = orjson.dumps(item["doc"]).decode()
    doc = re.sub(r'(?<="id":")[^"]*', lambda match: numbers.setdefault(match[0], f"m{len(numbers) + 1}"), text)
    return {**item, "doc": orjson.loads(doc), "root_id": numbers[item["root_id"]], "target_id": None}


def _bokeh(module: str) -> Any:
    """Return a module of Bokeh; raise UsageError where it is not installed."""
    return extra_package(f"bokeh.{module}", where="a page")


def _map_figure(*, synthetic: bool, units: str) -> Any:
    """Return the map: ground held, gained and lost, and the regions, whose figures show under the pointer."""
    models = _bokeh("models")
    tools = [models.PanTool(), models.WheelZoomTool(modifiers="ctrl"), models.TapTool()]
    figure = _figure("map", tools, height=560)
    figure.axis.visible = False
    figure.grid.visible = False
    for name in ("sea", "countries", "land", "held", "lost", "gained"):
        glyph = figure.multi_polygons("xs", "ys", source=_source(name, "xs ys"), name=name, line_width=0.5)
        glyph.nonselection_glyph = None
    # Frontiers and coasts once more, above what is held.
    countries = figure.select_one({"name": "countries"}).data_source
    figure.multi_polygons("xs", "ys", source=countries, name="frontiers", fill_alpha=0, line_width=1.2)
    regions = _source("regions", "xs ys name held gained lost net width alpha")
    lines = {"fill_alpha": 0, "line_width": "width", "line_alpha": "alpha"}
    borders = figure.multi_polygons("xs", "ys", source=regions, name="regions", **lines)
    borders.nonselection_glyph = None
    labels, centred = _source("labels", "x y text style"), {"text_align": "center", "text_font_style": "style"}
    for name in ("halos", "labels"):
        # An outline hides the letters that it is drawn with: they are written once more above it.
        figure.text("x", "y", text="text", source=labels, name=name, text_outline_width=3, **centred, **_TEXT)
    figure.scatter("x", "y", source=_source("towns", "x y"), name="towns", size=4)
    figure.add_tools(models.HoverTool(renderers=[borders], tooltips=_HOVER, point_policy="follow_mouse"))
    figure.add_layout(
        models.ScaleBar(
            name="scale",
            range=figure.x_range,
            unit="m",
            dimensional=models.MetricLength() if units == "km2" else models.ImperialLength(basis=_MILES, ticks=_TICKS),
            location="bottom_left",
            background_fill_alpha=0,
            border_line_alpha=0,
            # It cannot be changed with the theme, and is seen in both.
            bar_line_color="#8a8a8a",
            bar_length=0.15,
            label_text_font_size="11px",
        )
    )
    if synthetic:
        corner = {side: models.Node(target="frame", symbol=side, offset=10) for side in ("left", "top")}
        font = {"anchor": "top_left", "text_font_size": "13px", "text_font_style": "bold"}
        text = "SYNTHETIC SAMPLE\nno real war"
        figure.add_layout(models.Label(x=corner["left"], y=corner["top"], text=text, name="synthetic", **font))
    return figure


def _source(name: str, columns: str) -> Any:
    """Return a source that the scripts fill, of some columns."""
    return _bokeh("models").ColumnDataSource({column: [] for column in columns.split()}, name=f"{name}-source")


def _series_figure(unit: str) -> Any:
    """Return the chart of the area held, with a mark at the map shown and a band over the period chosen."""
    models = _bokeh("models")
    figure = _figure("series", [models.TapTool()], height=260, x_axis_type="datetime")
    figure.add_layout(models.BoxAnnotation(name="band", fill_alpha=0.12, line_alpha=0, level="underlay"))
    figure.add_layout(models.Span(dimension="height", location=0, name="mark", line_width=1.5))
    source = _source("series", "x y label text")
    figure.step("x", "y", source=source, mode="after", line_width=2, name="line")
    dots = figure.scatter("x", "y", source=source, size=5, line_alpha=0, name="dots")
    dots.nonselection_glyph = None
    figure.scatter("x", "y", source=_source("here", "x y"), size=11, line_width=2, name="here")
    figure.add_tools(models.HoverTool(renderers=[dots], tooltips=_HOVER_SERIES, mode="vline"))
    figure.yaxis.formatter = models.NumeralTickFormatter(format="0,0")
    figure.yaxis.axis_label = f"{unit} held"
    figure.xaxis.formatter = models.DatetimeTickFormatter(months="%b\n%Y", days="%d\n%b", years="%Y")
    return figure


def _ranking_figure() -> Any:
    """Return the ranking: what each region's figures say, gained to the right and lost to the left."""
    models = _bokeh("models")
    figure = _figure("ranking", [models.TapTool()], height=300, y_range=models.FactorRange(name="ranked"))
    source = _source("ranking", "region gained lost net end")
    for name in ("gained", "lost"):
        bars = figure.hbar("region", right=name, left=0, height=0.6, source=source, name=f"{name}-bars", line_alpha=0)
        bars.nonselection_glyph = None
    figure.text("end", "region", text="net", source=source, name="nets", x_offset=6, **_TEXT)
    figure.ygrid.visible = False
    figure.xaxis.ticker.desired_num_ticks = 4
    figure.xaxis.formatter = models.NumeralTickFormatter(format="0,0")
    return figure


def _figure(name: str, tools: list[Any], **options: Any) -> Any:
    """Return an empty figure as wide as the page lets it be."""
    ranges = {"x_range": (0, 1), "y_range": (0, 1)} | options
    figure = _bokeh("plotting").figure(name=name, tools=tools, sizing_mode="stretch_width", **_CALM, **ranges)
    for axis in figure.axis:
        axis.update(axis_line_alpha=0, major_tick_line_alpha=0, minor_tick_line_alpha=0)
        axis.update(major_label_text_font=_FONT, major_label_text_font_size="12px")
        axis.update(axis_label_text_font=_FONT, axis_label_text_font_style="normal")
    return figure
