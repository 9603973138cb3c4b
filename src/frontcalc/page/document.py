"""A page as one file: the template filled, Bokeh's scripts in it, and a policy that lets nothing else run or load."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import fields
from importlib import resources
from typing import Any

import orjson

from frontcalc.page import figures
from frontcalc.page.content import context, data
from frontcalc.page.measured import Report
from frontcalc.sources.packages import extra_package
from frontcalc.viz.style import THEMES, Theme

_SCRIPTS = ("shapes", "words", "map", "series", "ranking", "table", "main")


def html_page(report: Report) -> str:
    """Return a report as an HTML page that stands by itself.

    Raises
    ------
    UsageError
        Bokeh is not installed.
    """
    texts = context(report)
    drawn = {
        "map": figures.map_figure(synthetic=texts["synthetic"]),
        "series": figures.series_figure(),
        "ranking": figures.ranking_figure(),
    }
    jinja = extra_package("jinja2", where="a page", extra="viz")
    template = jinja.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(_file("page.html"))
    library = "\n".join(figures.bokeh("resources").Resources(mode="inline", components=["bokeh"]).js_raw)
    script = "".join(_file(f"{name}.js") for name in _SCRIPTS)
    page: str = template.render(
        **texts,
        policy=_policy(library, script),
        style=_as_it_is(_file("page.css")),
        light=_variables(THEMES["light"]),
        dark=_variables(THEMES["dark"]),
        library=_as_it_is(library),
        script=_as_it_is(script),
        figures=_as_it_is(_json({name: _item(figure) for name, figure in drawn.items()})),
        data=_as_it_is(_json(data(report))),
        bokeh_version=extra_package("bokeh", where="a page", extra="viz").__version__,
    )
    return page


def _file(name: str) -> str:
    """Return a file of the template."""
    return (resources.files("frontcalc.page") / "template" / name).read_text(encoding="utf-8")


def _variables(theme: Theme) -> str:
    """Return a theme's colours as the style's variables."""
    return " ".join(f"--{one.name}: {getattr(theme, one.name)};" for one in fields(theme))


def _as_it_is(text: str) -> Any:
    """Return text of our own or Bokeh's, or JSON made safe by `_json`, which the template does not escape."""
    return extra_package("markupsafe", where="a page", extra="viz").Markup(text)


def _json(value: Any) -> str:
    """Return JSON for a script element, which no text in it can end or open anew."""
    return orjson.dumps(value).decode().replace("<", "\\u003c")


def _item(figure: Any) -> dict[str, Any]:
    """Return a figure as Bokeh's JSON, its models numbered from 1: Bokeh counts on from figure to figure."""
    item = figures.bokeh("embed").json_item(figure)
    numbers: dict[str, str] = {}

    def renumbered(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [renumbered(one) for one in value]
        if isinstance(value, dict):
            return {
                key: numbers.setdefault(one, f"m{len(numbers) + 1}") if key == "id" else renumbered(one)
                for key, one in value.items()
            }
        return value

    doc = renumbered(item["doc"])
    return {"doc": doc, "root_id": numbers[item["root_id"]], "version": item["version"], "target_id": None}


def _policy(*scripts: str) -> str:
    """Return the policy that forbids every connection, and every script but these, as they stand in the page."""
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
