"""The page of `make report` in a real browser, on made runs whose numbers and shapes are known.

From the repository's root; one browser for all tests. Pictures are probed where their colours are known, and
never compared with a file.
"""
import itertools
import json
import sys
import tempfile
import unittest
from pathlib import Path

sys.path[:0] = ["tests/run", "tests/run/tests"]

# pylint: disable=wrong-import-position
import lab_runs  # noqa: E402
from lab import collect, command  # noqa: E402
from browser import Browser  # noqa: E402

AGAIN = itertools.count()  # an address that differs in its fragment alone is not read again
RUNS = {"info/none": {"scenario": "info", "source": "", "memory_samples": [], "map": [], "timeline": []},
        "spike/none": {},
        "spike/all": {"arm": "all", "counters": {"oom_kills": 0, "pgfault": 5}, "outcome": "completed"}}
LUMINANCE = """
function luminance(text) {
    const part = text.match(/[\\d.]+/g).slice(0, 3).map((one) => one / 255)
        .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2];
}
function behind(element) {
    for (let one = element; one; one = one.parentElement) {
        const colour = getComputedStyle(one).backgroundColor;
        if (!/, 0\\)$|transparent/.test(colour))
            return colour;
    }
    return "rgb(255, 255, 255)";
}
function faint() {
    const found = [];
    for (const element of document.querySelectorAll("body *")) {
        const own = [...element.childNodes].some((one) => one.nodeType === 3 && one.data.trim());
        if (!own || !element.checkVisibility() || element.tagName === "SCRIPT")
            continue;
        const pair = [luminance(getComputedStyle(element).color), luminance(behind(element))].sort((a, b) => b - a);
        const contrast = (pair[0] + 0.05) / (pair[1] + 0.05);
        if (contrast < 4.5)
            found.push(`${element.tagName} ${element.className} ${element.textContent.slice(0, 30)}: ${contrast}`);
    }
    return found;
}"""
ZONE = "canvas[data-zone=DMA32]"
CHART = ".chart[data-key=zone-DMA32]"


class Page(unittest.TestCase):
    """One page and one browser."""

    @classmethod
    def setUpClass(cls):
        place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(place.cleanup)
        cls.folder = Path(place.name)
        for name, changes in RUNS.items():
            lab_runs.fill(cls.folder / name, **changes)
        runs, _ = collect.below(cls.folder)
        command.write(runs, cls.folder)
        cls.names = [run.name for run in runs]
        cls.browser = cls.enterClassContext(Browser())

    def open(self):
        """Open the page anew."""
        self.browser.open(f"file://{self.folder}/report.html?{next(AGAIN)}")
        return self.browser

    def shown(self, name):
        """A run, drawn anew."""
        browser, number = self.browser, self.names.index(name)
        if "report.html" not in browser.run("location.href"):
            self.open()
        browser.mouse("mouseMoved", 0, 0)
        browser.run("location.hash = ''")
        browser.wait("document.getElementById('view').hidden")
        browser.run(f"location.hash = '#run={number}'")
        browser.wait(f"document.getElementById('view').dataset.shown === '{number}'")
        return browser

    def tearDown(self):
        """Nothing is complained of, and nothing asked for but the page itself."""
        probes = "Canvas2D: Multiple readback"  # the tests' own
        own = (f"file://{self.folder}/report.html", "data:")
        self.assertEqual([text for text in self.browser.said if not text.startswith(probes)], [])
        self.assertEqual([url for url in self.browser.requests if not url.startswith(own)], [])

    def text(self, selector):
        return self.browser.run(f"document.querySelector({json.dumps(selector)}).textContent")

    def box(self, selector):
        """Return an element's place on the screen, to which it is scrolled."""
        return self.browser.run(f"""(() => {{
            const one = document.querySelector({json.dumps(selector)});
            one.scrollIntoView({{block: 'center'}});
            return one.getBoundingClientRect().toJSON(); }})()""")

    def legend(self):
        return self.browser.run(f"document.querySelector('{CHART}').previousElementSibling.textContent")

    def point(self, column, row=0):
        """Return the middle of a cell of zone DMA32."""
        box = self.box(ZONE)
        return box["x"] + 16 * column + 8, box["y"] + 16 * row + 8

    def pixel(self, column, x=3, y=14):
        """Return the colour of a cell where no letter is."""
        return self.browser.run(f"[...document.querySelector('{ZONE}').getContext('2d')"
                                f".getImageData({16 * column + x}, {y - 2}, 1, 1).data].slice(0, 3)")

    def slide(self, step):
        self.browser.run(f"(() => {{ const one = document.querySelector('input[type=range]'); one.value = {step};"
                         "one.dispatchEvent(new Event('input')); })()")

    def test_the_table_and_a_link_of_it(self):
        browser = self.open()
        self.assertEqual(browser.run("document.querySelectorAll('#runs tbody tr[id]').length"), 3)
        self.assertTrue(browser.run("document.getElementById('view').hidden"))
        box = self.box(f"#row-{self.names.index('spike/none')} a")
        browser.click(box["x"] + 5, box["y"] + 5)
        browser.wait("document.getElementById('view').dataset.shown")
        self.assertIn("spike, none", self.text("#view h2"))
        facts = self.text("#view dl")
        for part in ("0123456789" * 4, "the tree was clean", "GNU C11 12.2.0", "GNU ld 2.40", "QEMU 7",
                     "SEED=1 SCHED=0", "ab" * 32, "make run SCENARIO=spike PATCH=none MEM=256"):
            self.assertIn(part, facts)

    def test_the_filter(self):
        browser = self.open()
        browser.run("document.getElementById('filter').focus()")
        browser.press("i"), browser.press("n"), browser.press("f")
        rows = "[...document.querySelectorAll('#runs tbody tr[id]')].filter((one) => !one.hidden).length"
        self.assertEqual(browser.run(rows), 1)

    def test_hover_shows_the_number_of_the_result(self):
        browser = self.shown("spike/none")
        samples = json.loads((self.folder / "spike/none/result.json").read_text())["memory_samples"]
        for wanted in (20, 60):
            box = self.box(CHART)
            x = browser.run(f"lab.charts.get('zone-DMA32').toDomXCoord({wanted})")
            browser.mouse("mouseMoved", box["x"] + x, box["y"] + box["height"] / 2)
            sample, legend = samples[wanted], self.legend()
            self.assertIn(f"at {sample['ns'] / 1e9:.6f} s", legend)
            self.assertIn(f"free: {sample['free']['DMA32']:,} pages (", legend)
            self.assertIn(f"reserved: {sample['reserved']['DMA32']:,} pages (", legend)
            self.assertIn("min: 476 pages (1.9 MiB)", legend)

    def test_the_line_has_the_known_shape(self):
        """It falls from the left to the middle, and is level from there; above and below it nothing is drawn."""
        browser = self.shown("spike/none")
        heights = browser.run("""(() => {
            const graph = lab.charts.get("zone-DMA32"), canvas = graph.hidden_;  // on which it draws lines
            const ink = canvas.getContext("2d"), scale = canvas.width / parseFloat(canvas.style.width);
            const own = graph.getColors()[0].match(/\\w\\w/g).map((one) => parseInt(one, 16));
            const close = (pixel) => pixel[3] > 128 && own.every((one, at) => Math.abs(one - pixel[at]) < 40);
            return [10, 20, 30, 55, 80, 95].map((ms) => {
                const x = Math.round(graph.toDomXCoord(ms) * scale), found = [];
                for (let y = 0; y < canvas.height * 0.8; y++)
                    if (close(ink.getImageData(x, y, 1, 1).data))
                        found.push(y / scale);
                return [found.length ? (found[0] + found[found.length - 1]) / 2 : null,
                    graph.toDomYCoord(50000 - 450 * Math.min(ms, 50)), found.length];
            });
        })()""")
        for drawn, expected, _ in heights:
            self.assertAlmostEqual(drawn, expected, delta=2)
        self.assertLess(max(count for _, _, count in heights), 8)

    def test_zoom_by_dragging_and_by_keys(self):
        browser = self.shown("spike/none")
        window = "lab.charts.get('lists').xAxisRange().map(Math.round)"
        box, at = self.box(CHART), [browser.run(f"lab.charts.get('zone-DMA32').toDomXCoord({ms})") for ms in (20, 40)]
        y = box["y"] + 60
        browser.mouse("mouseMoved", box["x"] + at[0], y)
        browser.mouse("mousePressed", box["x"] + at[0], y, button="left", clickCount=1)
        browser.mouse("mouseMoved", box["x"] + at[1], y + 2, button="left", buttons=1)
        browser.mouse("mouseReleased", box["x"] + at[1], y + 2, button="left", clickCount=1)
        self.assertEqual(browser.run(window), [20, 40])  # another chart goes with it
        browser.run(f"document.querySelector('{CHART}').focus()")
        browser.press("0")
        self.assertLessEqual(browser.run("lab.charts.get('zone-DMA32').xAxisRange()[0]"), 0)
        browser.press("ArrowRight", 3)
        self.assertIn("at 0.002000 s", self.legend())
        self.assertIn("free: 49,100 pages", self.legend())
        browser.press("+")
        low, high = browser.run("lab.charts.get('zone-DMA32').xAxisRange()")
        self.assertAlmostEqual((low + high) / 2, 2, delta=0.1)

    def test_near_the_marks(self):
        browser = self.shown("spike/none")
        browser.run("[...document.querySelectorAll('button.near')][1].click()")
        self.assertEqual(browser.run("lab.charts.get('zone-DMA32').yAxisRange()[1]"), 4 * 714)
        browser.run("[...document.querySelectorAll('button.near')][1].click()")
        self.assertGreater(browser.run("lab.charts.get('zone-DMA32').yAxisRange()[1]"), 50000)

    def test_a_run_without_samples_says_so_with_the_command(self):
        self.shown("info/none")
        self.assertRegex(self.text(".hint"), "It took no samples .*: make run .* MAP=1$")

    def test_the_slider_moves_the_map(self):
        self.shown("spike/none")
        before = [self.pixel(column) for column in (0, 29, 30, 55, 56)]
        self.assertEqual(len({tuple(one) for one in before[:4]}), 1)
        self.assertNotEqual(before[3], before[4])  # the reserve
        self.slide(6)
        after = [self.pixel(column) for column in (0, 29, 30, 55, 56)]
        self.assertEqual(after[2:], before[2:])
        self.assertEqual(after[0], after[1])
        self.assertNotEqual(after[0], before[0])
        self.assertGreater(before[0][0], after[0][0] + 60)  # fuller is darker where the page is white
        self.assertEqual(self.text(".map output"), "at 0.060000 s")
        self.assertIn("movable: 58", self.text(".kinds"))
        self.assertIn("high-order atomic reserve: 4", self.text(".kinds"))

    def test_the_slider_by_keys_and_by_playing(self):
        browser = self.shown("spike/none")
        browser.run("document.querySelector('input[type=range]').focus()")
        browser.press("ArrowRight", 2)
        self.assertEqual(self.text(".map output"), "at 0.020000 s")
        browser.press("End")
        spoken = browser.run("document.querySelector('input[type=range]').getAttribute('aria-valuetext')")
        self.assertEqual(spoken, "at 0.100000 s")
        self.slide(8)
        browser.run("document.querySelector('.play').focus()")
        browser.press("Enter")
        self.assertEqual(self.text(".play"), "Pause")
        browser.wait("document.querySelector('.map output').textContent === 'at 0.100000 s'")
        browser.wait("document.querySelector('.play').textContent === 'Play'")

    def test_a_click_on_a_timeline_moves_the_map(self):
        browser = self.shown("spike/none")
        box = self.box(CHART)
        browser.click(box["x"] + browser.run("lab.charts.get('zone-DMA32').toDomXCoord(46)"), box["y"] + 60)
        self.assertEqual(self.text(".map output"), "at 0.040000 s")
        browser.run(f"document.querySelector('{CHART}').focus()")
        browser.press("End")
        browser.press("Enter")
        self.assertEqual(self.text(".map output"), "at 0.100000 s")

    def test_the_history_of_a_pageblock(self):
        browser = self.shown("spike/none")
        self.slide(3)
        browser.click(*self.point(7))
        self.assertEqual(self.text(".map .cell"), "pageblock 7 of DMA32 (page frames 11,264 to 12,287): "
                                                  "movable, all used")
        self.assertIn("History of pageblock 7 of zone DMA32", self.text(".history caption"))
        rows = "[...document.querySelectorAll('.history tbody tr')].map((one) => one.textContent)"
        self.assertEqual(browser.run(rows), ["0.000000 sM movableall free", "0.020000 sM movableall used"])
        browser.click(*self.point(54))
        browser.press("ArrowRight", 2)
        self.assertIn("pageblock 56 of DMA32", self.text(".map .cell"))
        browser.press("Enter")
        self.assertEqual(browser.run(rows), ["0.000000 sH high-order atomic reserveabout 54 % used"])

    def test_folds_and_explanations_by_keys(self):
        browser = self.shown("spike/none")
        self.assertIn("CANNOT TELL", self.text(".verdicts"))
        browser.run("document.querySelector('.log summary').focus()")
        self.assertFalse(browser.run("document.querySelector('.log details').open"))
        browser.press("Enter")
        browser.wait("document.querySelector('pre.report')")
        self.assertIn("Killed: spike (12), which held 3.5 MiB.", self.text("pre.words"))
        browser.run("document.querySelector('pre.report').focus()")
        browser.press("ArrowRight", 2)
        self.assertIn("order: 2 to the power", self.text("#tip"))
        self.assertFalse(browser.run("document.getElementById('tip').hidden"))
        browser.press("Escape")
        self.assertTrue(browser.run("document.getElementById('tip').hidden"))
        browser.run("document.querySelector('.log summary').focus()")
        browser.press("Enter")
        self.assertFalse(browser.run("document.querySelector('.log details').open"))

    def test_a_number_of_a_report_is_explained_on_hover(self):
        browser = self.shown("spike/none")
        browser.run("document.querySelector('.verdicts button').click()")
        browser.wait("document.querySelector('pre.report')")
        browser.run("[...document.querySelectorAll('.num')]"
                    ".find((one) => one.textContent === 'free:8288kB').id = 'wanted'")
        box = self.box("#wanted")
        browser.mouse("mouseMoved", box["x"] + 4, box["y"] + 4)
        self.assertIn("2,072 pages, 8.1 MiB", self.text("#tip"))

    def test_two_runs_side_by_side(self):
        browser = self.open()
        for name in ("spike/none", "spike/all"):
            self.assertTrue(browser.run("document.getElementById('compare').disabled"))
            browser.run(f"document.querySelector('#row-{self.names.index(name)} input').click()")
        browser.run("document.getElementById('compare').click()")
        browser.wait("document.getElementById('view').dataset.shown")
        self.assertEqual(browser.run("document.querySelectorAll('.pair .chart[data-key=zone-DMA32]').length"), 2)
        self.assertIn("Counters that differ: 2 of 2", self.text("#view"))
        self.assertIn("pgfaultnone55", self.text("#view"))
        differ = browser.run("[...document.querySelectorAll('tr.differs th')].map((one) => one.textContent)")
        self.assertEqual(differ, ["Outcome"])
        self.slide(6)
        self.assertEqual(browser.run(f"document.querySelectorAll('{ZONE}').length"), 2)
        tops = browser.run(f"[...document.querySelectorAll('{ZONE}')].map((one) => one.getBoundingClientRect().top)")
        self.assertEqual(tops[0], tops[1])

    def test_light_dark_and_contrast(self):
        browser = self.shown("spike/none")
        browser.run(LUMINANCE)
        browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        browser.wait("document.querySelector('.arithmetic')")
        browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        back = "getComputedStyle(document.body).backgroundColor"
        try:
            for system in ("light", "dark"):
                browser.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": system}])
                browser.wait(f"document.documentElement.dataset.theme === '{system}'")
                self.assertEqual(browser.run("faint()"), [], system)
            for event, wanted in (("beforeprint", "light"), ("afterprint", "dark")):
                browser.run(f"dispatchEvent(new Event('{event}'))")
                self.assertEqual(browser.run("document.documentElement.dataset.theme"), wanted)
            dark, line = browser.run(back), browser.run("lab.charts.get('lists').getColors()[0]")
            browser.run("document.getElementById('theme').click()")
            self.assertEqual(browser.run("document.documentElement.dataset.theme"), "light")
            self.assertNotEqual(browser.run(back), dark)
            self.assertNotEqual(browser.run("lab.charts.get('lists').getColors()[0]"), line)
        finally:
            browser.ask("Emulation.setEmulatedMedia", features=[])

    def test_a_phone_and_paper(self):
        browser = self.shown("spike/none")
        try:
            browser.ask("Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=2, mobile=True)
            browser.wait("innerWidth === 360")
            self.assertLessEqual(browser.run("document.documentElement.scrollWidth"), 360)
            browser.run("dispatchEvent(new Event('resize'))")
            self.assertLessEqual(browser.run(f"document.querySelector('{ZONE}').clientWidth"), 360)
            browser.ask("Emulation.setEmulatedMedia", media="print", features=[])
            self.assertEqual(browser.run("getComputedStyle(document.getElementById('theme')).display"), "none")
            self.assertEqual(browser.run("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)")
        finally:
            browser.ask("Emulation.clearDeviceMetricsOverride")
            browser.ask("Emulation.setEmulatedMedia", media="", features=[])

    def test_every_control_has_a_name(self):
        browser = self.shown("spike/none")
        nameless = browser.run("""[...document.querySelectorAll("button, input, a, summary, [tabindex='0']")]
            .filter((one) => one.checkVisibility())
            .filter((one) => !one.getAttribute("aria-label") && !one.labels?.length && !one.textContent.trim())
            .map((one) => one.outerHTML.slice(0, 80))""")
        self.assertEqual(nameless, [])


if __name__ == "__main__":
    unittest.main()
