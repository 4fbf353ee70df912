"""The room of check: what a report says about the request that failed, by the arithmetic of its own kernel.

question (the request: its mask, its order, the zones that it may use), margins (the watermark test of each
zone, redone), withheld (what was there and could not be had), accounts (who holds the memory), verdict
(AVOIDABLE, UNAVOIDABLE, CANNOT TELL, NOT JUDGED, and why), words (ten lines to read at night), full (all
numbers), command (`make check`). A report comes from the room of reports; what a version does from eras.
"""
