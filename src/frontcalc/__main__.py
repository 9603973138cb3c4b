"""`python -m frontcalc` is the same as `frontcalc`."""

from frontcalc.cli import main

main()
