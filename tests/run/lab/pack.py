"""A run's data as text that is small, and safe anywhere in HTML: JSON, deflated, in base 64."""
import base64
import gzip
import json

from lab import facts, log, pagemap, series
from results import table


def data(run):
    """Return all that the page shows of a run."""
    result = run.result
    drawn, wrong = pagemap.checked(result)
    return {"name": run.name, "scenario": result["scenario"], "arm": table.arm_name(result),
            "facts": facts.rows(result), "lines": table.problems(result) + wrong,
            "end": result.get("virtual_ns"), "hints": series.hints(result),
            "charts": series.charts(result), "marks": series.marks(result, run.lines), "map": drawn,
            "log": log.data(run.lines), "counters": result["counters"]}


def packed(what):
    """Return anything as packed text; the same text each time."""
    raw = json.dumps(what, separators=(",", ":"), ensure_ascii=False).encode()
    return base64.b64encode(gzip.compress(raw, 6, mtime=0)).decode()


def unpacked(text):
    return json.loads(gzip.decompress(base64.b64decode(text)))
