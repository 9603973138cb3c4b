"""The facades, a module each or for those of one subject."""
