"""The room of campaigns: one run and many.

arms (what the kernel declares), runner (one run from options to files), origin (where a result comes from),
progress (signs of life), sweep with ranges, store, record and distribution (many seeds), bench (instruction
counts; data/).
"""
