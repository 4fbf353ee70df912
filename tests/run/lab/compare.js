/* Two runs side by side: what differs, timelines on the same axes, one slider for both maps. */
"use strict";
lab.compare = (function () {
	const pair = (left, right) =>
		lab.el("div", {class: "pair"}, lab.el("div", {}, left), lab.el("div", {}, right));

	function fact(name, left, right) {
		const made = lab.row(name, left, right, left === right ? "same" : "differs");
		made.classList.toggle("differs", left !== right);
		return made;
	}

	function facts(a, b) {
		const right = new Map(b.facts);
		return lab.table(["", a.name, b.name, ""],
			a.facts.map(([name, value]) => fact(name, value, right.get(name) || "")));
	}

	function counters(a, b) {
		const names = Object.keys({...a.counters, ...b.counters});
		const differ = names.filter((name) => a.counters[name] !== b.counters[name]);
		const text = (value) => (value === undefined ? "none" : lab.number(value));
		const rows = differ.map((name) => {
			const left = a.counters[name], right = b.counters[name];
			const more = (right || 0) - (left || 0);
			return lab.row(name, text(left), text(right), text(more));
		});
		const title = `Counters that differ: ${rows.length} of ${names.length}`;
		const heads = ["", a.name, b.name, "difference"];
		return [lab.el("h3", {}, title), lab.table(heads, rows)];
	}

	/* The same axes for both, so that a difference is one of the runs. */
	function axes(charts) {
		const most = (values) => values.reduce((a, b) => Math.max(a, b), 1);
		const times = charts.flatMap((chart) => chart.columns[0]);
		const first = times.reduce((a, b) => Math.min(a, b));
		const highest = most(charts.flatMap((chart) => chart.columns.slice(1).flat()));
		return {valueRange: [0, 1.05 * highest],
			dateWindow: [first / 1e6, most(times) / 1e6]};
	}

	function charts(view, runs, clock, group) {
		const keys = new Set(runs.flatMap((run) => run.charts).map((chart) => chart.key));
		for (const key of keys) {
			const places = runs.map(() => lab.el("div", {}));
			const both = runs.map((run) => run.charts.find((one) => one.key === key));
			const same = axes(both.filter(Boolean)), {draw} = lab.chart;
			view.append(pair(...places));
			both.forEach((one, at) => one
				? draw(places[at], one, runs[at].marks, clock, group, same)
				: places[at].append("This run has no samples of that."));
		}
	}

	function maps(view, runs, clock, group) {
		const made = runs.map((run) => run.map && lab.map.make(run.map));
		const times = [...new Set(made.flatMap((map) => (map ? map.times : [])))];
		times.sort((a, b) => a - b);
		if (!times.length)
			return;
		const controls = lab.map.controls(times, (ns) => {
			made.forEach((map) => map && map.show(ns));
			clock.ns = ns;
			lab.chart.redraw(group);
		});
		view.append(lab.el("h3", {}, "Page maps"), controls.element,
			pair(...made.map((map) => map?.element || "This run drew no page map.")));
		clock.seek = controls.seek;
		controls.set(0);
	}

	function show(view, a, b) {
		const clock = {ns: null}, group = [], runs = [a, b];
		const heads = runs.map((run) => lab.el("div", {}, lab.el("h4", {}, run.name),
			...run.hints.map(lab.run.hint), lab.run.marks(run)));
		view.replaceChildren(lab.el("h2", {}, `${a.name} and ${b.name}`), facts(a, b),
			lab.el("h3", {}, "Timelines"), pair(...heads));
		charts(view, runs, clock, group);
		maps(view, runs, clock, group);
		view.append(...counters(a, b), lab.el("h3", {}, "Consoles"),
			pair(lab.log.make(a.log, "left"), lab.log.make(b.log, "right")));
	}

	return {show};
})();
