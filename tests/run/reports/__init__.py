"""The room of reports: report (the parser of Linux's OOM and allocation-failure reports), identities (sums
that every report must satisfy), gfp (names of masks). It judges text only; it knows nothing of runs.
"""
