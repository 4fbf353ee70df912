"""The verdict on a report: could the request have been served, and by what.

AVOIDABLE: something that a patch or a setting withholds, or that reclaim has left, would have served it.
UNAVOIDABLE: nothing of that kind. CANNOT TELL: the printed numbers do not show why it failed. NOT JUDGED: no
request of this machine's failed.
"""
from dataclasses import dataclass, field

from check import margins, question, sizes, withheld
from eras import release, rules

AVOIDABLE, UNAVOIDABLE, CANNOT_TELL, NOT_JUDGED = "AVOIDABLE", "UNAVOIDABLE", "CANNOT TELL", "NOT JUDGED"


@dataclass
class Verdict:
    """kind, the reason as one sentence, and what stands behind it."""

    kind: str
    why: str
    asked: question.Question | None = None
    tests: list = field(default_factory=list)
    things: list = field(default_factory=list)
    otherwise: str = ""  # what would have to be true for another verdict
    cut: bool = False  # what decides is not printed, and would be in a whole report

    @property
    def counting(self):
        return [thing for thing in self.things if thing.counts]


def judge(report):
    """Return the Verdict on a report."""
    if report["memcg"] is not None or report["constraint"] == "MEMCG":
        return Verdict(NOT_JUDGED, "the limit of a control group was reached: no zone was asked for a page",
                       otherwise="the group's limit were higher, or what it holds were less")
    if report["order"] < 0:
        return Verdict(NOT_JUDGED, "it was asked for by hand (SysRq-f): no request has failed")
    asked = question.ask(report)
    if asked.version < release.FIRST:
        return Verdict(CANNOT_TELL, "a kernel before 2.6.31: its rules are not known here", asked)
    tests = margins.tests(report, asked)
    if not tests:
        return Verdict(CANNOT_TELL, nothing_to_test(report, asked), asked)
    if lost := question.missing(report, asked):
        return Verdict(CANNOT_TELL, f"the report is cut: {' and '.join(lost)}, which the request may use, is not printed",
                       asked, tests, cut=True)
    if lost := question.cut(report, asked):
        return Verdict(CANNOT_TELL, f"the report is cut: {' and '.join(lost)} are not printed", asked, tests, cut=True)
    return judged(report, asked, tests)


def nothing_to_test(report, asked):
    if any("free" in zone for zone in report["zones"].values()):
        return f"no zone that the request may use is printed: it may use {asked.limit} and below"
    return "the report is cut: no zone is printed"


def judged(report, asked, tests):
    now = [test for test in tests if margins.served(test, asked)]
    if now:
        return Verdict(CANNOT_TELL, passes(now[0], report, asked), asked, tests,
                       otherwise="the numbers of the moment of the attempt were known")
    if any(is_open(test, asked) for test in tests):
        return unknown(report, asked, tests)
    things = withheld.things(report, asked, tests) + withheld.unreclaimed(report, asked, tests)
    found = Verdict(UNAVOIDABLE, "", asked, tests, things)
    if found.counting:
        found.kind = AVOIDABLE
        found.why = "; ".join(said(thing, report["page_kb"]) for thing in best(found.counting))
        found.otherwise = f"{taken(found.counting)}; then {UNAVOIDABLE}"
    else:
        found.why = nothing_withheld(asked, tests)
        found.otherwise = nearest(asked, tests)
    return found


def passes(test, report, asked):
    """Say that it would be served now, and what that means."""
    text = f"{test.key} would serve it as the numbers stand, with {test.margin} pages to spare"
    if len({question.split(key)[0] for key in asked.zones}) > 1:
        return text + "; but the task may be bound to another node, which is not printed"
    if report["kind"] != "oom":
        return text + ": memory was freed between the attempt and the print"
    if test.margin_high <= 0:
        return text + " above min; before a kill the zone must pass high, and it is " \
            f"{-test.margin_high} pages below that: pages came too late, and too few"
    return text + f", and is {test.margin_high} above high, too: memory was freed between the last attempt and the print"


def is_open(test, asked):
    """Whether the zone would serve it, or would with what is withheld, cannot be told."""
    return margins.served(test, asked) is None or test.kept is None


def unknown(report, asked, tests):
    open_ones = [test.key for test in tests if is_open(test, asked)]
    things = withheld.things(report, asked, [test for test in tests if test.key not in open_ones])
    return Verdict(CANNOT_TELL, f"what decides for {' and '.join(open_ones)} is not printed", asked, tests, things,
                   "the reserve of high orders, lowmem_reserve, or the blocks of each order were printed",
                   cut=not all(test.told for test in tests))


def best(things):
    """One a kind, that of most pages; in the order in which kinds are looked for."""
    kinds = {}
    for thing in things:
        if thing.what not in kinds or thing.pages > kinds[thing.what].pages:
            kinds[thing.what] = thing
    return list(kinds.values())


MARKS = ("boost of the watermarks", "watermarks that have overflown")
SAID = {
    "high-order reserve": "{pages} free pages of {key} ({size}) are held for high-order atomic requests and would "
                          "have served it",
    "per-CPU lists": "{pages} pages of {key} ({size}) lie on per-CPU lists and would have served it",
    "boost of the watermarks": "the marks of {key} stand {pages} pages ({size}) higher for a while, which is a boost",
    "fragmentation": "{key} has {pages} pages free ({size}), in blocks that are too small: compaction could help",
    "watermarks that have overflown": "{key} has {pages} pages free ({size}), and marks that no count of pages can be",
    "file pages that were not reclaimed": "{pages} pages ({size}) of page cache in {key} were not reclaimed",
}


def said(thing, page_kb):
    return SAID[thing.what].format(pages=thing.pages, key=thing.key, size=sizes.mib(thing.pages * page_kb))


def taken(things):
    if all(thing.what in MARKS for thing in things):
        return "the marks were as high without that"
    return "those pages had not been there"


def nothing_withheld(asked, tests):
    names = ", ".join(lack(test) for test in tests)
    why = f"every zone that the request may use fails ({names}), and nothing that a patch or a setting withholds " \
          "would have done"
    if all(test.margin > 0 for test in tests):
        why = f"memory is fragmented: {names}"
    return why


def lack(test):
    if test.margin > 0:
        return f"{test.key} has {test.margin} pages above its mark, but no block of that size"
    return f"{test.key} by {-test.margin}" if test.margin else f"{test.key} at its mark exactly"


def nearest(asked, tests):
    failing = [test for test in tests if test.margin <= 0 and (not test.told or margins.usable(test, asked))]
    if not failing:
        return "a block of that size had been free"
    test = max(failing, key=lambda one: one.margin)
    return f"{1 - test.margin} more page{'s' if test.margin else ''} had been free in {test.key}"


def kill_refused(report, asked):
    """Return why nobody could be killed for it, or None."""
    comm = (report["trigger"] or {}).get("comm") or ""
    if comm.startswith("kswapd"):
        return "kswapd itself asked"
    if report["by_victim"]:
        return "it had been chosen by the OOM killer before, and was to end"
    if asked is None:
        return None
    return rules.kill_is_refused(asked.request, asked.limit, asked.version)
