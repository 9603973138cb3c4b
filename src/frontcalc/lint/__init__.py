"""The lint of archives: what is wrong in which file, on which day and where, under stable codes."""

from frontcalc.lint.across import FROZEN_MAPS
from frontcalc.lint.checking import Report, check
from frontcalc.lint.codes import CODES, Code, Severity
from frontcalc.lint.findings import Finding

__all__ = ["CODES", "FROZEN_MAPS", "Code", "Finding", "Report", "Severity", "check"]
