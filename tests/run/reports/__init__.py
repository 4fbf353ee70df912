"""The room of reports: report (the OOM and allocation-failure reports of a log), and what it reads
them with: frame (loggers' stamps), headline (the first line), section (the lines of one report), meminfo
(its Mem-Info block), zones (which is whose); identities (sums that every report must satisfy), exact (what
only the kernel's event can say), gfp (masks). It judges text only; it knows nothing of runs.
"""
