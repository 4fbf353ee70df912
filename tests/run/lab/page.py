"""The page: one file of HTML with all in it, made from page.html."""
import html
import re
from pathlib import Path

from lab import pack, rows
from options import UserError

HERE = Path(__file__).resolve().parent
LIBRARY, PACKAGE = Path("/usr/share/javascript/dygraphs"), "libjs-dygraphs"
LICENCE = Path("/usr/share/doc/libjs-dygraphs/copyright")
SCRIPTS = ("base.js", "theme.js", "legend.js", "chart.js", "cells.js", "map.js", "log.js", "run.js",
           "compare.js", "main.js")
PLACE = re.compile(r"@@([A-Z]+)@@")
MAPS = re.compile(r"^(?://|/\*)# sourceMappingURL=.*$", re.M)  # a browser's tools would ask for them


def make(runs, closing):
    """Return the text of a page about runs; closing is what they came to in all."""
    parts = {
        "TITLE": f"Lowwater: {len(runs)} {'run' if len(runs) == 1 else 'runs'}",
        "CLOSING": html.escape(closing),
        "STYLE": library("dygraph.min.css") + own("style.css"), "ROWS": rows.as_html(runs),
        "LICENCE": html.escape(LICENCE.read_text(encoding="utf-8")) if LICENCE.is_file() else "",
        "DATA": "\n".join(data(number, run) for number, run in enumerate(runs)),
        "LIBRARY": library("dygraph.min.js"), "SCRIPTS": "\n".join(map(own, SCRIPTS)),
    }
    return PLACE.sub(lambda found: parts[found[1]], own("page.html"))


def own(name):
    return (HERE / name).read_text(encoding="utf-8")


def library(name):
    """Return a file of the library that draws the charts, without what would be asked for from elsewhere."""
    path = LIBRARY / name
    if not path.is_file():
        raise UserError(f"{path}: no such file; please run: "
                        f"apt-get install --no-install-recommends {PACKAGE}")
    text = MAPS.sub("", path.read_text(encoding="utf-8"))
    if "</script" in text or "</style" in text:
        raise UserError(f"{path}: expected a library that can stand inside a page")
    return text


def data(number, run):
    name = html.escape(run.name, quote=True)
    packed = pack.packed(pack.data(run))
    return f'<script type="text/plain" id="data-{number}" data-name="{name}">{packed}</script>'
