/* One run: what it is, its timelines, its page map, its log, its counters. */
"use strict";
lab.run = (function () {
	function facts(run) {
		const shown = (text) =>
			(text.startsWith("make ") ? lab.el("code", {}, text) : text);
		return lab.el("dl", {}, ...run.facts.flatMap(([name, value]) =>
			[lab.el("dt", {}, name), lab.el("dd", {}, shown(value))]));
	}

	const list = (lines) => lab.el("ul", {}, ...lines.map((text) => lab.el("li", {}, text)));

	const hint = ([text, command]) =>
		lab.el("p", {class: "hint"}, `${text} `, lab.el("code", {}, command));

	function marks(run) {
		return lab.el("ul", {class: "marks"}, ...run.marks.map((mark) =>
			lab.el("li", {}, `${mark.label}, ${lab.seconds(mark.ns)}: ${mark.text}`)));
	}

	function counters(run) {
		const rows = Object.entries(run.counters).filter(([, value]) => value)
			.map(([name, value]) => lab.row(name, lab.number(value)));
		const title = `Counters at the end that are not 0: ${rows.length}`;
		return lab.el("details", {}, lab.el("summary", {}, title), lab.table([], rows));
	}

	function show(view, run) {
		const place = lab.el("div", {}), clock = {ns: null}, group = [];
		view.replaceChildren(lab.el("h2", {}, `${run.scenario}, ${run.arm}`), facts(run),
			list(run.lines), lab.el("h3", {}, "Timeline"), ...run.hints.map(hint),
			marks(run), place);
		for (const chart of run.charts) /* they fill their place, which is there by now */
			lab.chart.draw(place, chart, run.marks, clock, group, {});
		if (run.map) {
			const map = lab.map.make(run.map);
			const controls = lab.map.controls(map.times, (ns) => {
				map.show(ns);
				clock.ns = ns;
				lab.chart.redraw(group);
			});
			view.append(lab.el("h3", {}, "Page map"), controls.element, map.element);
			clock.seek = controls.seek;
			controls.set(0);
		}
		view.append(lab.el("h3", {}, "Console"), lab.log.make(run.log, "log"),
			counters(run));
	}

	return {show, facts, marks, hint};
})();
