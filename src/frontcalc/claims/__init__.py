"""Published figures: what they claim, what fits them, and where they contradict each other."""

from frontcalc.claims.between import Difference, differences
from frontcalc.claims.fitting import Range, fitting
from frontcalc.claims.reading import ClaimsFile, read_claims
from frontcalc.claims.values import CAN_BE_SUMMED, ON_A_DAY, UNIT_LABELS, Claim, Measure, Qualifier, Verdict

__all__ = [
    "CAN_BE_SUMMED",
    "ON_A_DAY",
    "UNIT_LABELS",
    "Claim",
    "ClaimsFile",
    "Difference",
    "Measure",
    "Qualifier",
    "Range",
    "Verdict",
    "differences",
    "fitting",
    "read_claims",
]
