"""One run over an archive: its options, what it measures, by whom, and what is said beside the figures."""
