"""From a page to the entries that map it: by its anon_vma's VMAs, or its object's, and their tables."""
import gdb

from lw_read import Trouble, chars, entries, word

ANON = 1  # of mapping: the rest is an anon_vma (mm/space/anon_vma.h)
PAGE_SHIFT, WORD = 12, 8
PRESENT, YOUNG, DIRTY, ADDRESS = 0x1, 0x20, 0x40, 0x000ffffffffff000
WRITE, LOCKED = 0x1, 0x2  # of a VMA
MAX_TASKS = MAX_VMAS = 1 << 16


def users(mm):
    """Return the tasks that use an address space."""
    head = int(gdb.parse_and_eval("&all_tasks"))
    return [task for task in entries(head, "task", "all", MAX_TASKS) if int(task["mm"]) == mm]


def named(mm):
    return ", ".join(f"pid {int(task['pid'])} ({chars(task['comm'])})" for task in users(mm)) or \
        "no task that is left"


def vmas(mapping):
    """Yield the VMAs of an anonymous page's anon_vma."""
    chain = gdb.Value(mapping - ANON).cast(gdb.lookup_type("struct anon_vma").pointer())["first"]
    for _ in range(MAX_VMAS):
        if not int(chain):
            return
        yield chain["vma"].dereference()
        chain = chain["next"]
    raise Trouble("the page's anon_vma has no end; the guest may be changing it at this stop")


def entry_of(machine, mm, address):
    """Return the last-level entry of an address, 0 where there is no table."""
    entry = int(mm["pgd"])
    for level in (3, 2, 1, 0):
        at = address >> PAGE_SHIFT + 9 * level & 511
        entry = word(int(machine.value["virt_base"]) + (entry & ADDRESS) + at * WORD)
        if not entry & PRESENT:
            return 0
    return entry


def mappers(shared):
    """Yield the VMAs of an object of shared memory, or of a file."""
    vma = shared["mappers"]["first"]
    for _ in range(MAX_VMAS):
        if not int(vma):
            return
        yield vma.dereference()
        vma = vma["next_mapper"]
    raise Trouble("the VMAs of the page's object have no end; the guest may be changing them at this stop")


def object_at(kind, mapping):
    return gdb.Value(mapping).cast(gdb.lookup_type(f"struct {kind}").pointer()).dereference()


def places(mapping, index, kind):
    """Yield each VMA that may map the page, and the page's address there."""
    if mapping & ANON:
        for vma in vmas(mapping):
            yield vma, index << PAGE_SHIFT
        return
    for vma in mappers(object_at(kind, mapping)):
        if index >= int(vma["offset"]):
            yield vma, int(vma["start"]) + (index - int(vma["offset"]) << PAGE_SHIFT)


def object_line(kind, mapping, index):
    """Return what file or shared memory the page belongs to."""
    shared = object_at(kind, mapping)
    name, left = ("shmem", "in swap") if kind == "shmem" else ("file", "evicted of late")
    return (f"{name}: page {index} of the {int(shared['size'])} of the object at {mapping:#x}, which has "
            f"{int(shared['tree']['entries'])} in memory and {int(shared['tree']['shadows'])} {left}")


def lines(machine, pfn, mapping, index, kind=None):
    """Yield a line for each entry that maps the page: who, where, its VMA, what the entry says."""
    found, address = False, index << PAGE_SHIFT
    for vma, address in places(mapping, index, kind):
        start, end = int(vma["start"]), int(vma["end"])
        if not start <= address < end:
            continue
        entry = entry_of(machine, vma["mm"].dereference(), address)
        if (entry & ADDRESS) >> PAGE_SHIFT != pfn:
            continue
        found = True
        yield (f"mapped by {named(int(vma['mm']))} at {address:#x}, {'young' if entry & YOUNG else 'not young'}, "
               f"{'dirty' if entry & DIRTY else 'clean'}; VMA {start:#x} to {end:#x}{kinds(int(vma['flags']))}")
    if not found:
        yield (f"mapped at {address:#x}, as its mapcount says, but by no entry there: the guest may be "
               "changing it at this stop")


def kinds(flags):
    return (", writable" if flags & WRITE else ", read only") + (", locked" if flags & LOCKED else "")
