"""The facades: each reads as the pipeline, returns a typed table and prints nothing.

They are the names of `frontcalc`, which imports the module of one when it is first used.
"""
