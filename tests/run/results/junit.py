"""Results as JUnit XML for CI. A run that is not as it should be is one failure."""
import xml.etree.ElementTree as tree

from results import outcome, table


def text(results):
    """Return results as one suite: a case for each run, and for each test that a run reports in KTAP."""
    cases = [one for result in results for one in (case(result), *map(ktap_case, ktap_of(result)))]
    suite = tree.Element("testsuite", name="lowwater", tests=str(len(cases)),
                         failures=str(sum(one.find("failure") is not None for one in cases)), errors="0",
                         time=f"{sum(one['wall_seconds'] for one in results):.3f}")
    suite.extend(cases)
    root = tree.Element("testsuites")
    root.append(suite)
    tree.indent(root)
    return tree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def ktap_of(result):
    return [one | {"run": f"{result['scenario']}.{result['arm']}"} for one in result.get("ktap", ())]


def ktap_case(one):
    node = tree.Element("testcase", classname=f"lowwater.{one['run']}", name=clean(one["name"]))
    if not one["ok"]:
        why = clean(one["why"]) or "not ok"
        tree.SubElement(node, "failure", message=why).text = why
    return node


def failed(result):
    return outcome.exit_code(result) != 0


def case(result):
    node = tree.Element("testcase", classname=f"lowwater.{result['scenario']}",
                        name=result["arm"], time=f"{result['wall_seconds']:.3f}")
    lines = [clean(line) for line in table.problems(result)]
    if failed(result):
        first = lines[0] if lines else f"outcome {result['outcome']}"
        tree.SubElement(node, "failure", message=first).text = "\n".join(lines)
    out = tree.SubElement(node, "system-out")
    out.text = clean("\n".join([result["qemu"], *table.summaries(result)]))
    return node


def clean(text):
    """XML 1.0 has no way to write a control character; a torn console may hold some."""
    return "".join(char if char.isprintable() or char == "\n" else "?" for char in text)
