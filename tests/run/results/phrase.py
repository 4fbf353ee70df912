"""What an arm showed, in a few words: its declared phrase, with measured values in it.

A phrase speaks only for a run that is as declared; of any other one the text says what was wrong.
"""
import re

from results import expr, outcome, table

VALUE = re.compile(r"\{([^{}]*)\}")


def showed(arm, found, failed, counters, reports):
    """Return the words for a run's row, None when no arm declares anything."""
    if arm is None:
        return None
    if found != arm.outcome:
        return f"ended as {found}, not {arm.outcome}"
    wrong = failed + outcome.violations(reports)
    if wrong:
        return wrong[0]
    try:
        return render(arm.showed, counters, reports)
    except expr.CheckError as error:
        return f"no phrase: {error}"


def expressions(template):
    """Return what stands in braces, or raise CheckError."""
    if re.search(r"[{}]", VALUE.sub("", template)):
        raise expr.CheckError(f"{template}: a brace has no partner")
    return VALUE.findall(template)


def render(template, counters, reports):
    """Return the template with each {expression} evaluated, or raise CheckError."""
    expressions(template)
    return VALUE.sub(lambda found: short(expr.evaluate(found[1], counters, reports)), template)


def short(value):
    """Return a value as few characters: yes or no, a whole number, a text without controls."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return "".join(char if char.isprintable() else "?" for char in value)
    if abs(value) == float("inf") or value != value:
        raise expr.CheckError(f"{value} is no number to show")
    whole = round(value)
    return str(whole) if abs(whole) < 10**6 else "-" * (whole < 0) + table.short(abs(whole))
