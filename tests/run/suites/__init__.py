"""The room of what checks the tree itself: test_all (`make test`; tap, order and summary
are its parts), coverage, fuzz, and rooms (the order of
the house).
"""
