"""The room of what checks the tree itself: test_all (`make test`), coverage, fuzz, and rooms (the order of
the house).
"""
