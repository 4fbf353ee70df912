"""The room of compare: this tree against another revision, arm by arm.

base (the other revision: its source and its kernel, under build/compare), runs (both sides' runs, each done
once for an image), differ (what two sides of an arm differ in), bench (instructions of `make bench`), words (text,
Markdown, JSON), command (`make compare`).
"""
