"""The facades, a module each, named as their commands."""
