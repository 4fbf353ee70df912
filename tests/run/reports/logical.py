"""The lines that the kernel printed, from the lines that arrived.

A mailer breaks long lines, a console prints the pieces of one line on several, a logger puts names before
them that nobody knows. A line is joined with the one after it where that one has no stamp of its own and
can only be its rest. What stands before `Mem-Info:` stands before every line of the report, but for its
digits.
"""
import re

from reports import frame

MOST_PIECES = 40
ITEM = r"[A-Za-z_]+(?:\([a-z]+\))? ?: ?\d+ ?[kK] ?B\b"
ZONE = r"(?:Node \d+ )?(?:DMA32|DMA|Normal|HighMem|Movable|Device)"
# What a line that may not be whole looks like, and what its rest does.
BROKEN = (
    (r".*\binvoked$", r"oom-killer:"),
    (r".*invoked oom-killer:(?!.*adj=-?\d+$)", r"gfp_mask=|nodemask=|order=|oom_|[_A-Z|]*GFP_|\("),
    (r".*: page allocation failure[:.] ?order:\d+,$", r"mode:"),
    (r".*\bpage allocation (?:failure|stalls)", r"mode:0x|nodemask=|cpuset=|mems_allowed=|[_A-Z|]*GFP_"),
    (ZONE + r" free:\d+", ITEM + r"|pages_scanned:|all_unreclaimable\?|yes$|no$"),
    (r"Node \d+ active_anon:\d+", ITEM + r"|pages_scanned:|all_unreclaimable\?|\d+kB |yes$|no$"),
    (ZONE + r": ?\d+\* ?\d+kB (?!.*= ?\d+kB$)", r"\([UMEHRCI]+\)|\d+\* ?\d+ ?kB|= ?\d*|\d+kB$"),
    (r"lowmem_reserve\[\]:", r"-?\d+(?: -?\d+)*$"),
    (r".*Killed process \d+ .*(?:\)|,|kB)$", r"(?:total-vm|anon-rss|file-rss|shmem-rss|UID|pgtables):"),
    (r"oom_reaper: reaped process .*(?:now|,)$", r"(?:anon-rss|file-rss|shmem-rss):"),
    (r"CPU: \d+ .*Comm: .*ainted(?:: [A-Z ]+)?$", r"\d+\.\d+\.?\S* #"),
    (r"\[ *pid *\](?!.* name$)", r"[a-z_]+(?: +[a-z_]+)* +name$|[a-z_ ]+$"),
    (r"\[ *\d+\](?: +-?\d+)+$", r"-?\d+ +(?:-?\d+ +)*\S"),
    (r"oom-kill:constraint=", r"[a-z_]+=\S"),
    (r"Node \d+ hugepages_total=\d+(?!.*size=)", r"hugepages_"),
)
ANY = re.compile("|".join(f"(?P<k{number}>{whole})" for number, (whole, _) in enumerate(BROKEN)))
RESTS = {f"k{number}": re.compile(rest) for number, (_, rest) in enumerate(BROKEN)}


def may_begin(line):
    """May the first line of a report begin here? Most lines of a log are told by this alone."""
    return "oom-killer" in line or "page allocation" in line or line.rstrip().endswith("invoked")


class Reader:
    """Holds one line back until its rest cannot follow any more."""

    def __init__(self):
        self.prefix = None  # of the log's lines, learned
        self.number = self.text = self.rest = None
        self.pieces = 0

    def feed(self, number, line):
        """Take a physical line; return the logical one that is whole now, or None."""
        text, stamped = frame.take_off(line)
        text = self.without_prefix(text)
        if self.text is not None and not stamped and self.rest and self.rest.match(text) \
                and self.pieces < MOST_PIECES:
            self.text += ("" if self.text[-1:] in "|(" else " ") + text
            self.pieces += 1
            self.rest = rest_of(self.text)
            return None
        done = self.flush()
        self.number, self.text, self.pieces = number, text, 1
        self.rest = rest_of(text)
        return done

    def holds(self, worth):
        """Is a line held back that is worth it? Any other is forgotten."""
        if self.text is not None and not worth(self.text):
            self.text = None
        return self.text is not None

    def flush(self):
        done = None if self.text is None else (self.number, self.text)
        self.text = None
        return done

    def without_prefix(self, text):
        if text.endswith("Mem-Info:"):
            before = text[:-len("Mem-Info:")]
            self.prefix = template(before) if before else None
            return "Mem-Info:"
        if self.prefix and (found := self.prefix.match(text)):
            return frame.strip(text[found.end():])
        return text


def rest_of(text):
    """Return the pattern of what may be a line's rest, or None if it is whole as it stands."""
    if ":" not in text and "[" not in text and "invoked" not in text and "hugepages" not in text:
        return None
    found = ANY.match(text)
    return RESTS[found.lastgroup] if found else None


def template(before):
    """Return a pattern for a prefix whose digits change."""
    return re.compile(r"\d+".join(re.escape(part) for part in re.split(r"\d+", before)))
