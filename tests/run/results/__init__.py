"""The room of results: what one run came to, as data and as text.

events and console (what a run left), expr and outcome (held against what its arm declares), result
(result.json), schema (what each kept file holds: schemas/), phrase and table (for people), junit (for CI),
tracefile (for ftrace's tools).
"""
