"""The room of what checks the tree itself: test_all (`make test`), whose parts are tap, order and
summary; coverage, fuzz, and rooms (the order of the house).
"""
