"""The numbers behind the ten lines: each zone's test term by term, what is held back, sums, tables."""
from check import accounts, margins, sums, words
from check.sizes import mib, share
from eras import release

LARGEST = 5


def lines(report, found):
    """Return the lines of --full about one report."""
    text = []
    if found.asked:
        text.append(f"Rules: Linux {release.spoken(found.asked.version)}; flags "
                    f"{' '.join(sorted(found.asked.request.names)) or 'none'}")
        text += [f"  assumed: {line}" for line in found.asked.assumed]
        text += [f"  fault: {line}" for line in found.asked.mask_faults]
    for test in found.tests:
        text += arithmetic(test, found.asked)
    text += [held(thing) for thing in found.things]
    text += memory(report)
    if found.asked:
        text += checked(report, found.asked.version)
    text += largest(report)
    return text + unread(report)


def arithmetic(test, asked):
    reserve = str(test.reserve) if test.reserve == test.reserve_most else f"({test.reserve} to {test.reserve_most})"
    left = test.free - test.block - test.reserve - test.cma
    text = [f"{test.key}: {test.free} free - {test.block} for the block - {reserve} reserved - {test.cma} CMA = {left}"
            f"; mark {test.mark} of min {test.base} + lowmem_reserve {'?' if test.kept is None else test.kept}"]
    if test.fast is not None:
        text.append(f"  a single page also has: {test.free} free - mark {test.base} - {test.kept} = {test.fast}")
    for order, rest, mark in test.loop:
        text.append(f"  without blocks of order {order}: {rest} left, mark {mark}")
    if asked.request.order:
        blocks = ", ".join(f"{count} ({letters})" if letters else str(count)
                           for letters, count in test.blocks.items())
        text.append(f"  blocks of order {asked.request.order} or above: {blocks or 'none'}")
    text.append(f"  {words.result(test, asked)}" + ("" if margins.served(test, asked) is not None else
                                                    ": not told"))
    return text


def held(thing):
    text = f"held back: {thing.what}: {thing.pages} pages of {thing.key}; with them the margin is {thing.margin}"
    return text if thing.counts else f"{text}; a note: {thing.why_not}"


def memory(report):
    total = accounts.whole(report)
    if not total:
        return []
    text = [f"Memory, {total} pages:"]
    text += [f"  {pages:>12} {share(pages, total):>7} {name}" for name, pages in accounts.parts(report)]
    lost = accounts.unaccounted(report)
    if lost is not None:
        text.append(f"  {lost:>12} {share(lost, total):>7} in no counter: drivers, vmalloc, a balloon, leaks")
    return text


def checked(report, version):
    count, found = sums.check(report, version)
    text = [f"Sums: {count} compared, {len(found)} do not hold"]
    return text + [f"  {one.text}: {one.why or 'NOT EXPLAINED'}" for one in found]


def largest(report):
    text = []
    tasks = sorted(report["tasks"], key=lambda task: -task.get("rss", 0))[:LARGEST]
    if tasks:
        text.append(f"Largest of {len(report['tasks'])} tasks: " + ", ".join(
            f"{task['name']} ({task['pid']}) {words.amount(task.get('rss', 0), report)}" for task in tasks))
    slabs = sorted(report["slabs"], key=lambda one: -one["total_kb"])[:LARGEST]
    if slabs:
        text.append("Largest slabs: " + ", ".join(f"{one['name']} {mib(one['total_kb'])}" for one in slabs))
    rows = sorted(report["allocations"], key=lambda one: -one["bytes"])[:LARGEST]
    if rows:
        text.append("Most allocated by: " + ", ".join(
            f"{one['function']} {mib(one['bytes'] // 1024)}" for one in rows))
    return text


def unread(report):
    text = [f"line {number} cannot be right: {line}"
            for number, line in zip(report["malformed_at"], report["malformed"])][:LARGEST]
    if report["unread"]["count"]:
        text.append(f"{report['unread']['count']} lines were not understood, the first: "
                    f"{report['unread']['first'][0]}")
    return text
