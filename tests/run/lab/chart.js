/* A timeline: a chart, zoomed by dragging or + and -, read by hovering or arrow keys. Times: ms. */
"use strict";
lab.charts = new Map(); /* by their keys, the last that was drawn: for the browser's console */

lab.chart = (function () {
	const MS = 1e6;

	function rows(columns) {
		const [times, ...values] = columns;
		return times.map((ns, at) => [ns / MS, ...values.map((one) => one[at])]);
	}

	/* Vertical lines where something befell the run, and where the page map stands. */
	function underlay(marks, clock) {
		return function (context, area, graph) {
			context.save();
			context.font = "12px sans-serif";
			context.strokeStyle = context.fillStyle = lab.colour("mark");
			marks.forEach((mark, at) => {
				const x = graph.toDomXCoord(mark.ns / MS);
				if (x < area.x || x > area.x + area.w)
					return;
				line(context, area, x, [4, 4]);
				context.fillText(mark.label, x + 2, area.y + 12 + 13 * (at % 3));
			});
			if (clock.ns !== null) {
				context.strokeStyle = lab.colour("text");
				line(context, area, graph.toDomXCoord(clock.ns / MS), []);
			}
			context.restore();
		};
	}

	function line(context, area, x, dashes) {
		context.setLineDash(dashes);
		context.beginPath();
		context.moveTo(x, area.y);
		context.lineTo(x, area.y + area.h);
		context.stroke();
	}

	function colours() {
		const line = lab.colour("line");
		return {colors: lab.legend.colours(), gridLineColor: line, axisLineColor: line};
	}

	function options(chart, legend, marks, clock, more) {
		const stroke = (name, at) => [name, {strokePattern: lab.legend.dash(at),
			strokeWidth: chart.levels.includes(name) ? 1.2 : 2}];
		const ms = (x) => `${lab.number(x)} ms`;
		return {
			labels: ["ms", ...chart.names], labelsDiv: legend, legend: "always",
			series: Object.fromEntries(chart.names.map(stroke)),
			legendFormatter: lab.legend.format(chart.unit),
			underlayCallback: underlay(marks, clock),
			includeZero: true, connectSeparatedPoints: true, highlightCircleSize: 4,
			gridLineWidth: 0.3, xRangePad: 4,
			axes: {
				y: {axisLabelWidth: 64, axisLabelFormatter: lab.number},
				x: {axisLabelWidth: 90, axisLabelFormatter: ms},
			},
			...colours(), ...more,
		};
	}

	/* Keys for what the mouse does otherwise. */
	function keys(graph, clock) {
		let row = -1;
		return function (event) {
			const last = graph.numRows() - 1, [from, to] = graph.xAxisRange();
			const steps = {ArrowLeft: row - 1, ArrowRight: row + 1, Home: 0, End: last};
			const zooms = {"+": 0.5, "-": 2};
			if (event.key in steps) {
				row = Math.max(0, Math.min(last, steps[event.key]));
				graph.setSelection(row);
			} else if (event.key === "Enter" && row >= 0) {
				clock.seek?.(graph.getValue(row, 0) * MS);
			} else if (event.key in zooms) {
				const middle = row < 0 ? (from + to) / 2 : graph.getValue(row, 0);
				const half = (to - from) / 2 * zooms[event.key];
				graph.updateOptions({dateWindow: [middle - half, middle + half]});
			} else if (event.key === "0") {
				graph.resetZoom();
			} else {
				return;
			}
			event.preventDefault();
		};
	}

	/* A button for charts with levels: all else is far above them most of the time. */
	function near(chart, graph, usual) {
		const level = (name) => chart.columns[chart.names.indexOf(name) + 1][0];
		const highest = Math.max(0, ...chart.levels.map(level));
		const button = lab.el("button",
			{type: "button", class: "near", "aria-pressed": "false"}, "Near the marks");
		button.addEventListener("click", () => {
			const on = button.getAttribute("aria-pressed") === "false";
			button.setAttribute("aria-pressed", String(on));
			graph().updateOptions({valueRange: on ? [0, 4 * highest] : usual});
		});
		return highest ? button : null;
	}

	/* Draw what lies under the lines anew. */
	const redraw = (group) => group.forEach((one) => one.updateOptions({}));

	/* group: charts that are zoomed together; clock: {ns} at which the page map stands, and
	   seek(ns), which moves it. */
	function draw(place, chart, marks, clock, group, more) {
		const legend = lab.el("div", {class: "legend", role: "status"});
		const label = `${chart.title}: arrow keys read it, + and - zoom, 0 shows all, ` +
			"Enter moves the page map";
		const canvas = lab.el("div", {class: "chart", tabindex: 0, role: "group",
			"data-key": chart.key, "aria-label": label});
		const title = lab.el("h4", {}, chart.title);
		const button = near(chart, () => graph, more.valueRange || null);
		place.append(lab.el("div", {class: "controls"}, title, button), legend, canvas);
		const zoom = (window) => group.forEach((one) =>
			one !== graph && one.updateOptions({dateWindow: window}));
		const graph = new Dygraph(canvas, rows(chart.columns), {
			...options(chart, legend, marks, clock, more),
			zoomCallback: (from, to) => zoom([from, to]),
			clickCallback: (event, ms) => clock.seek?.(ms * MS),
		});
		canvas.addEventListener("keydown", keys(graph, clock));
		group.push(graph);
		lab.charts.set(chart.key, graph);
		lab.painters.push({element: canvas, paint: () => graph.updateOptions(colours())});
		return graph;
	}

	return {draw, redraw};
})();
