"""Who holds the memory: the global counters of a report as parts of all of it. In pages."""

NAMED = (
    ("anonymous", ("active_anon", "inactive_anon", "isolated_anon")),
    ("page cache", ("active_file", "inactive_file", "isolated_file")),
    ("unevictable", ("unevictable",)),
    ("reclaimable slab", ("slab_reclaimable",)),
    ("unreclaimable slab", ("slab_unreclaimable",)),
    ("slab", ("slab",)),
    ("page tables", ("pagetables", "sec_pagetables")),
    ("bounce buffers", ("bounce",)),
    ("free", ("free",)),
    ("per-CPU lists", ("free_pcp",)),
)


def whole(report):
    """Return how many pages the kernel manages, or None."""
    managed = [zone.get("managed") for zone in report["zones"].values()]
    ram, reserved = report["trailer"].get("ram"), report["trailer"].get("reserved")
    if ram is not None and reserved is not None:
        return ram - reserved
    total = sum(managed) if managed and None not in managed else None
    held = sum(pages for _, pages in parts(report))
    return total if total and held <= total + total // 16 else None  # else there are zones that are not printed


def parts(report):
    """Return [(name, pages)] of what the global counters name, the largest first."""
    counters, found = report["global"], []
    for name, fields in NAMED:
        pages = sum(counters.get(field, 0) for field in fields)
        if pages:
            found.append((name, pages))
    stacks = sum(part.get("kernel_stack_kb", 0)
                 for part in (*report["nodes"].values(), *report["zones"].values()))
    if stacks:
        found.append(("kernel stacks", stacks // report["page_kb"]))
    huge = sum(one["total"] * one["size_kb"] for one in report["hugepages"])
    if huge:
        found.append(("huge pages set aside", huge // report["page_kb"]))
    return sorted(found, key=lambda part: -part[1])


def unaccounted(report):
    """Return the pages that no counter names: drivers, vmalloc, the balloon, leaks; or None."""
    total = whole(report)
    if total is None or "free" not in report["global"]:
        return None
    return total - sum(pages for _, pages in parts(report))


def swap(report):
    """Return (total, free) in kB, or None where nothing is printed."""
    trailer = report["trailer"]
    if "total_swap_kb" not in trailer or "free_swap_kb" not in trailer:
        return None
    return trailer["total_swap_kb"], trailer["free_swap_kb"]
