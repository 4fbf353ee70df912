"""lw-cache: files whose pages are in memory, and what is at one place of a file; lw-file: who has which file open."""
import gdb

import lw_index
from lw_read import Command, Trouble, chars, entries, length
from lw_rmap import mappers, named, users
from lw_zones import Machine

PAGE_SHIFT, PAGE_STRUCT = 12, 64
MAX_FILES = MAX_TASKS = 1 << 16
COLUMNS = ("pages", "cached", "shadows", "opened", "mapped by")


class Cache(Command):
    """Files that were opened: pages, those in memory, shadows of those that were evicted, users.

With a file's inode and a page of it: what is in the cache there.
lw-cache [INODE PAGE], such as lw-cache 13 512"""

    name, usage, limits = "lw-cache", "[INODE PAGE]", (0, 2)

    def run(self, argv):
        machine = Machine()
        if len(argv) == 1:
            raise Trouble(f"expected `{self.name} {self.usage}`")
        if argv:
            show_place(machine, pick(machine, argv[0]), argv[1])
            return
        print(f"{'file':<12}" + "".join(f"{name:>10}" for name in COLUMNS))
        found = mappings(machine)
        for one in found:
            row = (one["size"], one["tree"]["entries"], one["tree"]["shadows"], int(one["opened"]["n"]) - 1,
                   sum(1 for _ in mappers(one)))
            print(f"{name_of(one):<12}" + "".join(f"{int(number):>10}" for number in row))
        state = machine.value["cache"]
        print(f"{len(found)} files, {sum(int(one['tree']['entries']) for one in found)} pages; "
              f"{int(state['nr_shadow_nodes'])} nodes of shadows alone")


class File(Command):
    """Files that processes, or one of them, have open: descriptor, inode, where the next read begins, read-ahead; and mapped.

lw-file [PID]"""

    name, usage, limits = "lw-file", "[PID]", (0, 1)

    def run(self, argv):
        machine = Machine()
        pid = number(argv[0], "a pid") if argv else None
        shown = False
        for task in entries(int(gdb.parse_and_eval("&all_tasks")), "task", "all", MAX_TASKS):
            process = task["process"].dereference()
            if int(process["leader"]) != int(task.address) or pid not in (None, int(task["pid"])):
                continue
            for line in lines_of(task, process):
                shown = True
                print(line)
        if not shown:
            print("no file is open by a descriptor" if pid is None else f"pid {pid} has no file open by a descriptor")
        for one in mappings(machine):
            for vma in mappers(one):
                if pid is not None and pid not in [int(task["pid"]) for task in users(int(vma["mm"]))]:
                    continue
                print(f"{name_of(one)} is mapped at {int(vma['start']):#x} to {int(vma['end']):#x} by "
                      f"{named(int(vma['mm']))}")


def lines_of(task, process):
    """Yield a line for each file that a process has open."""
    if not int(process["files"]):
        return
    table = process["files"].dereference()["fd"]
    for fd in range(length(table)):
        if not int(table[fd]["file"]):
            continue
        file = table[fd]["file"].dereference()
        yield (f"pid {int(task['pid'])} ({chars(task['comm'])}): {fd} is {name_of(file['mapping'].dereference())}, "
               f"at byte {int(table[fd]['pos'])}; {readahead(file)}")


def readahead(file):
    ra = file["ra"]
    if not int(ra["ra_pages"]) or int(file["flags"]) & 1:
        return "nothing is read ahead"
    if not int(ra["size"]):
        return f"nothing was read ahead yet, at most {int(ra['ra_pages'])} pages"
    return (f"window of {int(ra['size'])} pages from {int(ra['start'])}, the next one {int(ra['async_size'])} before "
            f"its end; {int(ra['mmap_miss'])} misses of faults")


def mappings(machine):
    state = machine.value["cache"]
    return list(entries(int(state["mappings"].address), "address_space", "all", MAX_FILES))


def inode_of(mapping):
    """Return a file's inode; None: it is no file of the disk of root=."""
    ops = gdb.lookup_static_symbol("root_ops")
    if ops is None or int(mapping["ops"]) != int(ops.value().address):
        return None
    kind = gdb.lookup_type("struct root_file").pointer()
    return int(mapping["host"].cast(kind)["inode"]["ino"])


def name_of(mapping):
    inode = inode_of(mapping)
    return "no inode" if inode is None else f"inode {inode}"


def pick(machine, text):
    wanted = number(text, "an inode")
    found = [one for one in mappings(machine) if inode_of(one) == wanted]
    if not found:
        known = ", ".join(str(inode_of(one)) for one in mappings(machine) if inode_of(one) is not None)
        raise Trouble(f"inode {wanted}: expected {f'one of {known}' if known else 'one, but no file was opened'}")
    return found[0]


def number(text, what):
    try:
        found = int(gdb.parse_and_eval(text))
    except (gdb.error, OverflowError, ValueError):
        found = -1
    if found < 0:
        raise Trouble(f"{text!r}: expected {what}")
    return found


def show_place(machine, mapping, text):
    page = number(text, "a page of the file")
    if page >= int(mapping["size"]):
        raise Trouble(f"page {page}: expected 0 to {int(mapping['size']) - 1}")
    entry = lw_index.at(mapping["tree"], page)
    place = f"page {page} of {name_of(mapping)}"
    if not entry:
        print(f"{place}: not in memory, and no shadow of it")
    elif lw_index.is_shadow(entry):
        print(f"{place}: not in memory; a shadow tells when it was evicted")
    else:
        pfn = (entry - int(machine.value["mem_map"])) // PAGE_STRUCT
        print(f"{place}: page frame {pfn} ({pfn:#x}); lw-page {pfn} tells more")


COMMANDS = (Cache, File)
