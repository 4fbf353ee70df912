"""Faults put into the subject on purpose, for the explorer's self-test: patches in
tests/host/explore/plants, each with the scenario that finds it and its bound in front.

A plant is built beside the explorer: the files that it changes are copied and patched, and what
depends on them is compiled, if the explorer's own object of it is newer; everything else is the explorer's.
Where only a few of those come out otherwise, as with an inline function that few call, the plant names them:
`used in: mm/oom/oom_reaper.c ...`.
"""
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path("tests/host/explore/plants")
QUICK = ("-O1", "-g1")  # a search that ends at the fault is short: what is slow is the compiler


@dataclass
class Plant:
    name: str
    path: Path
    scenario: str
    bound: int
    files: list
    used_in: list  # empty: wherever the files are read


def known():
    return [read(path) for path in sorted(FOLDER.glob("*.patch"))]


def read(path):
    text = path.read_text()
    return Plant(path.stem, path, re.search(r"^scenario: (\S+)$", text, re.MULTILINE)[1],
                 int(re.search(r"^bound: (\d)$", text, re.MULTILINE)[1]),
                 re.findall(r"^\+\+\+ b/(\S+)$", text, re.MULTILINE),
                 " ".join(re.findall(r"^used in: (.*)$", text, re.MULTILINE)).split())


def build(options, plant):
    """The program with the plant in it; or None and what is wrong."""
    folder = options.folder / "plants" / plant.name
    program = folder / "explore"
    if is_fresh(program, [options.folder / "explore", plant.path]):
        return program, ""
    shutil.rmtree(folder / "src", ignore_errors=True)
    program.unlink(missing_ok=True)
    for name in plant.files:
        (folder / "src" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(name, folder / "src" / name)
    done = run(["patch", "-p1", "--fuzz=1", "-s", "-d", folder / "src", "-i", plant.path.resolve()])
    if done.returncode:
        return None, f"{plant.path} no longer applies:\n{done.stdout}"
    return compile_and_link(options, plant, folder)


def is_fresh(program, sources):
    return program.exists() and all(program.stat().st_mtime >= one.stat().st_mtime
                                    for one in sources)


def compile_and_link(options, plant, folder):
    sources = affected(options, plant)
    if lost := set(plant.used_in) - set(sources):
        return None, f"{plant.path}: used in {' '.join(sorted(lost))}: not compiled, or nothing there is changed"
    ours = {source: folder / "obj" / (source + ".o") for source in plant.used_in or sources}
    theirs = {source: options.folder / Path(source).with_suffix(".o") for source in ours}
    for source, target in ours.items():
        if is_fresh(target, [theirs[source], plant.path]):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        patched = folder / "src" / source
        done = run([*options.compile[:1], f"-I{folder}/src", *options.compile[1:], *QUICK, "-c",
                    patched if patched.exists() else source, "-o", target])
        if done.returncode:
            target.unlink(missing_ok=True)
            return None, f"{source} does not compile with {plant.name}:\n{done.stdout}"
    program = folder / "explore"
    not_ours = [path for path in options.objects if Path(path) not in theirs.values()]
    done = run([*options.link, *not_ours, *ours.values(), "-lcmocka", "-o", program])
    return (None, done.stdout) if done.returncode else (program, "")


def affected(options, plant):
    """Files of the subject and its model that the compiler read a changed file for."""
    files = set()
    for compiled in options.objects:
        rule = Path(compiled).with_suffix(".d").read_text().replace("\\\n", " ").split("\n")[0]
        words = rule.split()
        if is_seen(words[1]) and any(name in words[1:] for name in plant.files):
            files.add(words[1])
    return sorted(files)


def is_seen(source):
    """Is it built with every access calling the explorer? Others see no fields that plants move."""
    return (source.startswith(("mm/", "kernel/", "tests/host/explore/scenarios/")) or
            source in ("tests/host/explore/model/tasks.c", "tests/host/explore/model/cpus.c"))


def run(argv):
    return subprocess.run([str(word) for word in argv], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
