"""A replay as a table: what happened, what each arm does, and where they part from the first one."""
from replay.engine import REMEDIES

AGAIN = {"oom": "oom-kill", "alloc-failure": "failed", "stall": "stuck"}
WIDTH = 22


def lines(happened, kind, answers):
    """Return the lines. happened: in words; kind: of the report, None for a state that is none of a report."""
    text = [row("it happened", happened)] if happened else []
    arms = [one for one in answers if one.arm not in REMEDIES]
    remedies = [one for one in answers if one.arm in REMEDIES]
    text += [row(one.arm, described(one)) for one in arms]
    if remedies:
        text.append("without a patch, but with")
        text += [row("  " + one.arm.replace("-", " "), described(one)) for one in remedies]
    text += [line for line in (again(kind, arms), parting(arms, remedies)) if line]
    return text


def row(name, what):
    return f"{name:<{WIDTH}} {what}"


def described(one):
    more = f" ({one.released} pages of the reserve released)" if one.released else ""
    return one.words() + more


def again(kind, arms):
    """Say whether the arm without patches does what the report tells."""
    first = next((one for one in arms if one.arm == "none"), None)
    if kind is None or first is None:
        return None
    if first.outcome == AGAIN[kind]:
        return "Without a patch it comes to the same."
    if first.outcome == "served":
        return "Without a patch it is served: memory was freed between the attempt and the print, or what bars the " \
               "request is not printed."
    return "Without a patch it comes to something else."


def parting(arms, remedies):
    """Say which arms, or else remedies, end otherwise than the first one."""
    if not arms:
        return None
    other = [one.arm for one in arms[1:] if one.outcome != arms[0].outcome]
    helped = [one.arm.replace("-", " ") for one in remedies if one.outcome != arms[0].outcome]
    text = f"Patches that change the outcome: {', '.join(other) or 'none'}."
    return text + (f" What else would: {', '.join(helped) or 'nothing'}." if remedies else "")
