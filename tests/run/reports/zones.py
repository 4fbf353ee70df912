"""Zones by node: their names in a report, and which of them a request prefers."""
from reports import gfp

NAMES = ("DMA", "DMA32", "Normal", "HighMem", "Movable", "Device")  # lowest first


def key(node, name):
    """Return a zone's key: DMA32 on node 0, or where nodes are not printed; `Node 1 DMA32`."""
    return name if node in (None, "0") else f"Node {node} {name}"


def preferred(report):
    """Return the key of the zone that the request tries first; None where that cannot be told.

    That is the highest zone with managed pages that the mask allows (reference 2.3). What a mask of
    another release means, and which of several nodes is the nearest, the report does not say.
    """
    if not gfp.known(report["release"]) or len(report["nodes"]) > 1:
        return None
    limit = gfp.highest_zone(int(report["gfp_mask"], 16))
    if limit is None:
        return None
    fits = [name for name in NAMES[:NAMES.index(limit) + 1]
            if report["zones"].get(name, {}).get("managed", 0) > 0]
    return fits[-1] if fits else None
