"""A report and its verdict as JSON: the form that results/schemas/check.schema.json describes."""
from check import accounts, margins, sums
from eras import release


def as_json(report, found, log, number):
    """Return the object of one report."""
    return {"log": log, "number": number, "report": report, "verdict": verdict(found),
            "question": question(found), "zones": [zone(test, found) for test in found.tests],
            "withheld": [vars(thing) | ({"why_not": ""} if thing.counts else {}) for thing in found.things],
            "accounts": {"pages": accounts.whole(report), "parts": dict(accounts.parts(report)),
                         "unaccounted": accounts.unaccounted(report)},
            "sums": sums_of(report, found)}


def verdict(found):
    return {"kind": found.kind, "why": found.why, "otherwise": found.otherwise}


def question(found):
    asked = found.asked
    if asked is None:
        return None
    return {"rules": release.spoken(asked.version), "flags": sorted(asked.request.names), "limit": asked.limit,
            "zones": asked.zones, "assumed": asked.assumed, "faults": asked.mask_faults}


def zone(test, found):
    return {"zone": test.key, "free": test.free, "block": test.block, "reserve": [test.reserve, test.reserve_most],
            "cma": test.cma, "min": test.base, "mark": test.mark, "lowmem_reserve": test.kept,
            "margin": test.margin, "serves": margins.served(test, found.asked), "blocks": test.blocks,
            "faults": test.faults}


def sums_of(report, found):
    if found.asked is None:
        return None
    checked, wrong = sums.check(report, found.asked.version)
    return {"checked": checked, "violated": [{"sum": one.text, "why": one.why} for one in wrong]}
