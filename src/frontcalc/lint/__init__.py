"""The lint of archives: what is wrong in which file, on which day and where, under stable codes."""

from frontcalc.lint.findings import CODES, Code, Finding, Severity

__all__ = ["CODES", "Code", "Finding", "Severity"]
