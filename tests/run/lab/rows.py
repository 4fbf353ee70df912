"""The table of all runs: its rows for the page, and table.csv."""
import csv
import html
import io

from results import outcome, table

MORE = ("folder", "seed", "sched", "mem_mib", "cpus", "devices", "args", "virtual_ns", "build_id",
        "image_sha256", "console_sha256", "qemu_version", "command")
TREE = ("commit", "clean", "compiler")
NUMBERS = ("kills", "insns", "s")
LABELS = {"s": "seconds", "insns": "instructions"}
CLASSES = {"ok": "good", "FAIL": "bad", "-": "open"}
UNSAFE = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would compute what begins so


def as_csv(runs):
    """Return the table as text, with every digit, and what is not in the printed one."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*(LABELS.get(name, name) for name in table.HEADS), *MORE, *TREE])
    for run in runs:
        writer.writerow([plain(value) for value in fields(run)])
    return out.getvalue()


def fields(run):
    result = run.result
    row = table.cells(result)
    row[6], row[7] = result["instructions"].get("total"), result.get("wall_seconds")
    tree, tools = result.get("revision") or {}, result.get("toolchain") or {}
    return [*row, run.name, *(result.get(name) for name in MORE[1:]),
            tree.get("commit"), tree.get("clean"), tools.get("compiler")]


def plain(value):
    """Return a value as a cell that is only text or a number."""
    if isinstance(value, str) and value != "-" and value.startswith(UNSAFE):
        return f"'{value}"
    return "" if value is None else value


def as_html(runs):
    """Return the body of the page's table: a row for each run, and a heading for each seed behind them."""
    out, source = [], None
    for number, run in enumerate(runs):
        if run.result.get("source", "") != source:
            source = run.result.get("source", "")
            out.append(heading(source))
        out.append(row(run, number))
    return "\n".join(out)


def heading(source):
    text = html.escape(source) if source else "no seed"
    span = len(table.HEADS) + 1
    return f'<tr class="seed"><th colspan="{span}" scope="rowgroup">{text}</th></tr>'


def row(run, number):
    scenario, arm, *rest = map(html.escape, table.cells(run.result))
    name = html.escape(run.name, quote=True)
    link = f'<a href="#run={number}" title="{name}">'
    cells = [f'<td data-label="compare"><input type="checkbox" name="pick" value="{number}" '
             f'aria-label="compare {name}"></td>',
             f'<th scope="row" data-label="scenario">{link}{scenario}</a></th>',
             f'<td data-label="arm">{link}{arm}</a></td>']
    kinds = dict.fromkeys(NUMBERS, "number") | {"ok": CLASSES[outcome.verdict(run.result)]}
    for label, text in zip(table.HEADS[2:], rest):
        cells.append(f'<td data-label="{label}" class="{kinds.get(label, "")}">{text}</td>')
    return f'<tr id="row-{number}">{"".join(cells)}</tr>'
