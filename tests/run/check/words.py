"""A report in ten lines, for somebody who reads it at night."""
from check import accounts, margins, verdict
from check.sizes import mib, share
from eras import masks


def lines(report, found, number, log):
    """Return the lines about one report, the `number`th of a log."""
    text = [title(report, number, log), f"{found.kind}: {found.why}."]
    if found.asked:
        text.append(request(report, found.asked))
    text += [zone(test, found) for test in found.tests]
    text += notes(found)
    text += group(report)
    if held := memory(report):
        text.append(held)
    if limit := swap(report):
        text.append(limit)
    text.append(outcome(report, found))
    if found.otherwise:
        text.append(f"Otherwise if: {found.otherwise}.")
    return [line for line in text if line]


def title(report, number, log):
    kind = {"oom": "OOM kill", "alloc-failure": "allocation failure", "stall": "stalled allocation"}[report["kind"]]
    if report["memcg"] is not None or report["constraint"] == "MEMCG":
        kind = "OOM kill of a control group"
    elif report["order"] < 0:
        kind = "OOM kill by hand"
    who = (report["trigger"] or {}).get("comm") or report["comm"] or "a task whose name is not printed"
    pid = f" ({report['trigger']['pid']})" if report["trigger"] else ""
    kernel = f" on Linux {report['release']}" if report["release"] else ""
    return f"{log}, report {number} (line {report['line']}): {kind}, asked for by {who}{pid}{kernel}"


def request(report, asked):
    pages = 1 << asked.request.order
    size = amount(pages, report)
    what = "one page" if pages == 1 else f"{pages} pages in one block"
    flags = report["gfp_flags"] or masks.spoken(asked.request.names, asked.version) or "no flags"
    wait = "could wait" if asked.request.may_wait else "could not wait"
    if report["by_victim"]:
        wait += ", and had been chosen by the OOM killer before"
    return f"It wanted: {what} ({size}), {flags} ({report['gfp_mask']}), up to zone {asked.limit}; it {wait}."


def notes(found):
    """What is held back as well, and does not decide; what the text does not say, and was taken to be so."""
    small = [f"{thing.pages} pages of {thing.key}, {thing.what} ({thing.why_not})" for thing in found.things
             if not thing.counts and thing.pages and thing.what != "fragmentation"]
    text = [f"Besides: {'; '.join(small[:3])}."] if small else []
    if found.asked and found.asked.assumed:
        text.append(f"Assumed: {'; '.join(found.asked.assumed)}.")
    return text


def zone(test, found):
    head = f"  {test.key:<8} {test.free} pages free, min {test.base}"
    if test.mark != test.base:
        head += f" ({test.mark} for this request)"
    if test.reserve_most:
        head += f", high-order reserve {test.reserve}"
        head += f" to {test.reserve_most}" if test.reserve_most != test.reserve else ""
    if test.kept:
        head += f", lowmem_reserve {test.kept}"
    return f"{head}: {result(test, found.asked)}"


def result(test, asked):
    if test.margin is None:
        return "which zone its lowmem_reserve is for cannot be told"
    if test.faults:
        return test.faults[0]
    served = margins.served(test, asked)
    if served:
        return f"passes by {test.margin}"
    if test.margin <= 0:
        pages = "1 page" if test.margin == -1 else f"{-test.margin} pages"
        return f"fails, {pages} below" if test.margin else "fails, at its mark exactly"
    if served is None:
        return f"passes by {test.margin} if the reserve is small"
    letters = {letter for one in test.blocks for letter in one}
    if letters == {"H"}:
        return f"passes by {test.margin}, but every block is of the high-order reserve"
    return f"passes by {test.margin}, but has no block of order {asked.request.order}"


def group(report):
    memory = (report["memcg"] or {}).get("memory")
    if not memory:
        return []
    path = report["memcg"]["path"] or "a control group"
    return [f"Limit: {path} used {mib(memory['usage_kb'])} of {mib(memory['limit_kb'])}, "
            f"and hit that {memory['failcnt']} times."]


def memory(report):
    total, parts = accounts.whole(report), accounts.parts(report)
    if not total or "free" not in report["global"]:
        return None
    shown = [f"{name} {share(pages, total)}" for name, pages in parts[:4]]
    lost = accounts.unaccounted(report)
    if lost is not None and abs(lost) * 50 > total:
        shown.append(f"in no counter {share(lost, total)}")
    shmem = report["global"].get("shmem", 0)
    if shmem * 10 > total:
        shown.append(f"shared memory and tmpfs, in anonymous: {share(shmem, total)}")
    return f"Memory: {amount(total, report)}: " + ", ".join(shown) + "."


def swap(report):
    found = accounts.swap(report)
    if found is None:
        return None
    total, free = found
    if free < 0 or total < free:
        return f"Swap: {free} kB free of {total} kB: an area is being switched off."
    if total == 0:
        return "Swap: none."
    full = " It was full." if free * 100 < total else ""
    return f"Swap: {mib(free)} free of {mib(total)}.{full}"


def outcome(report, found):
    if report["kind"] == "stall":
        return f"It went on waiting, after {report['stall_ms']} ms."
    if report["kind"] == "alloc-failure":
        why = verdict.kill_refused(report, found.asked)
        return "Nobody was killed for it" + (f": {why}." if why else ".")
    victim = report["victim"]
    if not victim:
        return "Whom it killed, this text does not say."
    size = sum(victim[name] or 0 for name in ("anon_rss_kb", "file_rss_kb", "shmem_rss_kb"))
    return f"Killed: {victim['comm']} ({victim['pid']})" + (f", which held {mib(size)}." if size else ".")


def amount(pages, report):
    return mib(pages * report["page_kb"])
