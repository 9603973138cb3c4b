"""The lint of archives: what is wrong in which file, on which day and where, under stable codes."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from frontcalc.lint.checking import Report, check
    from frontcalc.lint.codes import CODES, Code, Severity
    from frontcalc.lint.findings import Finding
else:
    _HOME = {
        "CODES": "codes",
        "Code": "codes",
        "Finding": "findings",
        "Report": "checking",
        "Severity": "codes",
        "check": "checking",
    }

    def __getattr__(name: str) -> Any:  # imported when first used
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"frontcalc.lint.{_HOME[name]}"), name)


__all__ = ["CODES", "Code", "Finding", "Report", "Severity", "check"]
