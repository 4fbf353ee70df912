"""What is at one index of an index tree (mm/index): of the swap cache, or of a file's pages."""
import gdb

NODE_BITS = 6


def at(tree, index):
    """Return the word there, 0 for nothing; an entry's address, or a shadow, whose lowest two bits are 10."""
    found = int(tree["top"])
    if not found & 1:
        return found if index == 0 else 0
    if index >> int(node(found)["shift"]) + NODE_BITS:
        return 0
    while found & 1:
        here = node(found)
        found = int(here["slot"][index >> int(here["shift"]) & (1 << NODE_BITS) - 1])
    return found


def node(word):
    return gdb.Value(word - 1).cast(gdb.lookup_type("struct index_node").pointer())


def is_shadow(word):
    return word & 3 == 2


def entry(tree, index):
    """Return the address of an entry, 0 for nothing and for a shadow."""
    found = at(tree, index)
    return 0 if is_shadow(found) else found
