#!/usr/bin/python3
"""The house's order, held against what the compiler saw: who includes whom, who calls whom.

A room may use those that stand before it in ORDER, and what is said in UPWARD with a reason. Files
and what they include are read from the compiler's dependency files (*.d), calls from the symbols of
the objects (*.o). Prints each edge against the order with its file and line, or the calling object;
exit code 1 if there is one.

    rooms.py [FOLDER OF OBJECTS] [ROOT OF THE TREE]
"""
import re
import subprocess
import sys
from pathlib import Path

ORDER = (
    "boot",
    "kernel/core",
    "kernel/core/cpu", "kernel/core/time", "kernel/core/log", "kernel/core/lock",
    "kernel/core/sched", "kernel/core/guard",
    "mm/page", "mm/alloc", "mm/lru", "mm/slab", "mm/index", "mm/swap", "mm/cache", "mm/space", "mm/reclaim", "mm/show", "mm/oom",
    "mm/slowpath", "mm/setup", "mm/replay",
    "kernel/task", "kernel/dev/pci", "kernel/dev/block", "kernel/dev/virtio", "kernel/dev", "kernel/fs", "kernel",
    "tests/workloads", "tests/guest",
    "kernel/task/libc", "tests/scenarios",
)

# Headers that a lower room includes, and why.
UPWARD_INCLUDES = {
    "kernel/core/log/printk.h":
        ("formatting and the log are everybody's",
         "kernel/core/param.c", "kernel/core/cpu/device_place.c", "kernel/core/cpu/dmi.c",
         "kernel/core/cpu/ioapic.c", "kernel/core/cpu/lapic.c", "kernel/core/cpu/madt.c"),
    "kernel/core/time/time.h":
        ("the first interrupt after a halt ends it", "kernel/core/cpu/trap.c"),
    "kernel/core/lock/lock.h":
        ("timers are armed on any CPU: one spinlock", "kernel/core/time/timer.c"),
    "kernel/core/sched/task.h":
        ("a report names the task that it is about", "kernel/core/cpu/trap.c",
         "kernel/core/log/ksyms.c", "kernel/core/log/trace.c"),
    "kernel/core/sched/sched.h":
        ("who waits for a lock sleeps; an interrupt's end may be a task's",
         "kernel/core/lock/lock.h", "kernel/core/cpu/trap.c"),
}

# What a lower room calls, and why.
UPWARD_CALLS = {
    "boot_main": "the boot code enters the kernel",
    "ap_boot": "the boot code's trampoline enters the kernel on a further CPU",
    "ap_main": "the same, in C",
    "paging_no_table": "page tables that do not fit end the machine; boot cannot print (paging.h)",
    "panic": "an impossible state ends the machine, wherever it is found (machine.h)",
    "panic_regs": "the same, at an exception",
    "machine_refuse": "so does a bad parameter (machine.h)",
    "ksnprintf": "formatting is everybody's",
    "kvsnprintf": "formatting is everybody's",
    "halt_is_over": "the first interrupt after a halt ends it",
    "spin_lock_init": "timers are armed on any CPU: one spinlock",
    "spin_wait": "timers are armed on any CPU: one spinlock",
    "task_of_guard_page": "a fault in a guard page is reported with its task",
    "task_stack_span": "a call trace ends where the stack does",
    "task_first_run": "entry.S: where a new task begins",
    "task_returned": "entry.S: where a task must not come",
    "preempt_schedule": "the end of an interrupt may be another task's turn",
    "sched_point_reached": "entry.S: a schedule point saves every register",
    "sched_lock": "waiters of sleeping locks are the scheduler's",
    "sched_unlock": "waiters of sleeping locks are the scheduler's",
    "schedule": "who waits for a lock sleeps",
    "schedule_locked": "who waits for a lock sleeps",
    "sched_flush_plug": "who waits for a lock gives away the requests that it holds back",
    "wake_task_locked": "who lets go of a lock wakes the next one",
    "app_libc_start": "an app's first steps are its libc's",
    "app_libc_join": "so are a further thread's",
    "exit_oom_victim": "mm.h: a victim that has left its address space is no victim any more",
    "__alloc_pages_slowpath": "page_alloc.h: what follows a failed first attempt",
}

INCLUDE = re.compile(r'\s*#\s*include\s+"([^"]+)"')


class Wrong(Exception):
    """What is compiled cannot be read as a house with rooms."""


def room(name):
    """The room of a file, by the order's folders."""
    folder = str(Path(name).parent)
    if folder not in ORDER:
        raise Wrong(f"{name}: {folder} is not a room of ORDER (tests/run/suites/rooms.py)")
    return folder


def above(user, used):
    return ORDER.index(room(used)) > ORDER.index(room(user))


def compiled(objects):
    """{source: files that the compiler read for it} by their dependency files, in the tree only."""
    found = {}
    for path in beside_sources(objects, ".d"):
        rule = path.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()[0]
        names = [name for name in rule.split(":", 1)[1].split() if in_house(name)]
        if names:
            found[names[0]] = set(names)
    return found


def beside_sources(objects, suffix):
    """The files that the build made of the sources it has now; those of removed ones lie there, too."""
    listed = Path(objects) / "sources"
    names = listed.read_text(encoding="utf-8").split() if listed.is_file() else []
    return sorted(Path(objects) / Path(name).with_suffix(suffix) for name in names)


def in_house(name):
    return name.startswith(("boot/", "kernel/", "mm/", "tests/"))


def includes(root, name):
    """[(line, file)] of what a file includes itself."""
    lines = (Path(root) / name).read_text(encoding="utf-8").splitlines()
    found = [(number, INCLUDE.match(line)) for number, line in enumerate(lines, 1)]
    return [(number, beside(root, name, match[1])) for number, match in found if match]


def beside(root, name, included):
    near = Path(name).parent / included
    return str(near) if (Path(root) / near).exists() else included


def closure(edges, name):
    todo, seen = [name], {name}
    while todo:
        for _, used in edges.get(todo.pop(), ()):
            if used not in seen:
                seen.add(used)
                todo.append(used)
    return seen


def wrong_includes(root, objects):
    """Lines that name each include against the order, and each that nobody needs to be allowed."""
    units = compiled(objects)
    if not units:
        raise Wrong(f"no dependency files in {objects}: build the kernel first")
    files = sorted(set().union(*units.values()))
    edges = {name: includes(root, name) for name in files}
    for source, names in units.items():
        if source.endswith(".c") and closure(edges, source) != names:
            odd = ", ".join(sorted(closure(edges, source) ^ names))
            raise Wrong(f"{source}: what it includes is not what was compiled: {odd}; build again")
    used = set()
    for name in files:
        for number, header in edges[name]:
            if not above(name, header):
                continue
            if name in UPWARD_INCLUDES.get(header, ("",))[1:]:
                used.add((header, name))
            else:
                yield f"{name}:{number}: {room(name)} may not use {room(header)} ({header})"
    for header, (_, *names) in UPWARD_INCLUDES.items():
        for name in names:
            if (header, name) not in used:
                yield f"UPWARD_INCLUDES: {name} does not include {header} any more"


def symbols(objects):
    """[(object without its folder and suffix, symbol, defined)]"""
    text = subprocess.run(["nm", "-A", *beside_sources(objects, ".o")], stdout=subprocess.PIPE,
                          text=True, check=True).stdout
    for line in text.splitlines():
        path, rest = line.rsplit(":", 1)
        *_, kind, symbol = rest.split()
        if kind == "U" or kind.isupper():
            yield str(Path(path).relative_to(objects)), symbol, kind != "U"


def wrong_calls(objects):
    """Lines that name each call against the order, and each that nobody needs to be allowed."""
    table = list(symbols(objects))
    where = {symbol: name for name, symbol, defined in table if defined}
    used = set()
    for name, symbol, defined in table:
        if defined or symbol not in where or not above(name, where[symbol]):
            continue
        used.add(symbol)
        if symbol not in UPWARD_CALLS:
            yield (f"{name[:-2]}: {room(name)} may not use {room(where[symbol])}: "
                   f"{symbol} of {where[symbol][:-2]}")
    for symbol in sorted(set(UPWARD_CALLS) - used):
        yield f"UPWARD_CALLS: nobody below calls {symbol} any more"


def main(objects="build/obj", root="."):
    try:
        found = [*wrong_includes(root, objects), *wrong_calls(objects)]
    except Wrong as error:
        found = [str(error)]
    print("\n".join(found) if found else "rooms: every edge is in order")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
