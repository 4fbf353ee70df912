"""The room of eras: what a report means depends on the kernel that printed it.

release (versions, in their order), masks (allocation masks of each version, bit by bit, and the names that
reports print), rules (the watermark test of each version). Facts only; it knows nothing of reports.
"""
