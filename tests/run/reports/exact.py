"""What a report's text cannot say exactly, from the event that the kernel sends with it."""

EXACT = ("free_by_type", "reserved_highatomic")  # what letters and 4.8's lines cannot tell


def merge(reports, sent):
    """Add to each report the exact numbers its event carries; return notes on what has no pair.

    Paired within a kind, since a report nested in another ends, and is sent, before it.
    """
    notes = []
    for kind in ("oom", "alloc-failure"):
        printed = [report for report in reports if report["kind"] == kind]
        events = [event for event in sent if (event.get("kind") == "oom") == (kind == "oom")]
        if events and len(events) != len(printed):
            notes.append(f"{len(printed)} {kind} reports on the console, "
                         f"{len(events)} on the events channel"
                         + (": does loglevel= hide them?" if not printed else ""))
        for report, event in zip(printed, events):
            report["verdict"] = event.get("verdict")
            report["moved"] = event.get("moved", 0)
            for name, values in (event.get("zones") or {}).items():
                if name in report["zones"]:
                    report["zones"][name] |= {key: values[key] for key in EXACT if key in values}
                else:
                    notes.append(f"{kind} event: zone {name} is not in the printed report")
    return notes
