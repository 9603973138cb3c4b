"""The lint of archives: what is wrong in which file, on which day and where, under stable codes."""

from typing import TYPE_CHECKING

from frontcalc import late

if TYPE_CHECKING:
    from frontcalc.lint.checking import Report, check
    from frontcalc.lint.codes import CODES, Code, Severity
    from frontcalc.lint.findings import Finding
else:
    __getattr__ = late.attributes(
        "frontcalc.lint",
        {
            "CODES": "codes",
            "Code": "codes",
            "Finding": "findings",
            "Report": "checking",
            "Severity": "codes",
            "check": "checking",
        },
    )

__all__ = ["CODES", "Code", "Finding", "Report", "Severity", "check"]
