/* The page map: every pageblock a cell, over time; a slider, a play button, a cell's history. */
"use strict";
lab.map = (function () {
	const STEP_MS = 120;
	const LARGE = 16, SMALL = 8, MOST_LETTERED = 4096; /* of cells, in pixels; more are small */

	/* All of it: {times, zones: [{name, size, start, pages, frames: [{ns, kinds, used}]}]}. */
	function unfold(data) {
		const zones = data.zones.map(([name, size, start, pages]) =>
			({name, size, start, pages, frames: []}));
		for (const [ns, zone, text] of data.steps)
			zones[zone].frames.push({ns, ...lab.cells.decode(text, zones[zone].size)});
		const times = [...new Set(data.steps.map((step) => step[0]))];
		return {zones, times: times.sort((a, b) => a - b)};
	}

	const frame = (zone, ns) => zone.frames.findLast((one) => one.ns <= ns) || zone.frames[0];

	/* The grid of one zone: a canvas with a cursor. */
	function grid(zone, told) {
		const label = `Zone ${zone.name}, ${zone.size} pageblocks: ` +
			"arrow keys move, Enter shows the history";
		const canvas = lab.el("canvas", {tabindex: 0, role: "application",
			"data-zone": zone.name, "aria-label": label});
		const cell = zone.size > MOST_LETTERED ? SMALL : LARGE;
		const self = {canvas, zone, cell, ns: 0, at: -1, columns: 1};
		canvas.addEventListener("keydown", (event) => key(self, event, told));
		canvas.addEventListener("pointermove", (event) =>
			told(self, under(self, event), false));
		canvas.addEventListener("click", (event) => {
			self.at = under(self, event);
			paint(self);
			told(self, self.at, true);
		});
		lab.painters.push({element: canvas, paint: () => paint(self)});
		return self;
	}

	function under(self, event) {
		const box = self.canvas.getBoundingClientRect();
		const column = Math.floor((event.clientX - box.left) / self.cell);
		const row = Math.floor((event.clientY - box.top) / self.cell);
		const at = row * self.columns + column;
		const inside = column >= 0 && column < self.columns;
		return inside && at >= 0 && at < self.zone.size ? at : -1;
	}

	function key(self, event, told) {
		const wide = self.columns, last = self.zone.size - 1;
		const moves = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -wide, ArrowDown: wide,
			Enter: 0, " ": 0};
		if (!(event.key in moves))
			return;
		event.preventDefault();
		self.at = Math.max(0, Math.min(last, Math.max(0, self.at) + moves[event.key]));
		paint(self);
		told(self, self.at, moves[event.key] === 0);
	}

	function paint(self) {
		const {canvas, zone, cell} = self, now = frame(zone, self.ns);
		const room = canvas.parentElement ? canvas.parentElement.clientWidth : 0;
		if (!room || !now)
			return;
		const most = Math.max(1, Math.floor(room / cell));
		self.columns = [64, 32, 16].find((wide) => wide <= most) || most;
		const rows = Math.ceil(zone.size / self.columns);
		const scale = Math.max(1, devicePixelRatio || 1);
		canvas.width = self.columns * cell * scale;
		canvas.height = rows * cell * scale;
		canvas.style.width = `${self.columns * cell}px`;
		canvas.style.height = `${rows * cell}px`;
		const context = canvas.getContext("2d");
		context.scale(scale, scale);
		context.font = "10px monospace";
		context.textAlign = "center";
		for (let at = 0; at < zone.size; at++)
			one(context, self, now, at);
	}

	/* A cell: shade, letter, and a bar as long as it is full. */
	function one(context, self, now, at) {
		const {cell, columns} = self, kind = now.kinds[at], used = now.used[at];
		const x = at % columns * cell, y = Math.floor(at / columns) * cell;
		const colour = lab.cells.shade(kind, used);
		context.fillStyle = `rgb(${colour})`;
		context.fillRect(x, y, cell - 1, cell - 1);
		context.fillStyle = lab.cells.ink(colour);
		if (cell === LARGE) {
			context.fillText(lab.cells.LETTERS[kind], x + cell / 2, y + 10);
			context.fillRect(x + 1, y + cell - 4, (cell - 3) * used / 15, 2);
		}
		if (at === self.at) {
			context.lineWidth = 2;
			context.strokeStyle = lab.colour("text");
			context.strokeRect(x + 1, y + 1, cell - 3, cell - 3);
		}
	}

	/* Which page frames a pageblock has, where the run told. */
	function frames(zone, at) {
		const first = zone.start + at * zone.pages, last = first + zone.pages - 1;
		const text = ` (page frames ${lab.number(first)} to ${lab.number(last)})`;
		return zone.pages ? text : "";
	}

	function words(zone, ns, at) {
		const now = frame(zone, ns), kind = lab.cells.KINDS[now.kinds[at]][1];
		return `pageblock ${at} of ${zone.name}${frames(zone, at)}: ${kind}, ` +
			lab.cells.full(now.used[at]);
	}

	/* Every change of one cell, as a table. */
	function history(zone, at) {
		const rows = [];
		let before = null;
		for (const now of zone.frames) {
			const text = `${now.kinds[at]} ${now.used[at]}`;
			const kind = lab.cells.KINDS[now.kinds[at]];
			if (text !== before)
				rows.push(lab.row(lab.seconds(now.ns), `${kind[0]} ${kind[1]}`,
					lab.cells.full(now.used[at])));
			before = text;
		}
		const caption = `History of pageblock ${at} of zone ${zone.name}`;
		return lab.table(["since", "type", "pages"], rows, lab.el("caption", {}, caption));
	}

	/* How many pageblocks of each type there are, and which colours these have. */
	function kinds(list, zones, ns) {
		const counts = new Array(lab.cells.KINDS.length).fill(0);
		zones.forEach((zone) => frame(zone, ns)?.kinds.forEach((kind) => counts[kind]++));
		list.replaceChildren(...lab.cells.KINDS.map(([letter, name], kind) => {
			const colour = lab.cells.shade(kind, 15);
			const style = `background: rgb(${colour}); color: ${lab.cells.ink(colour)}`;
			return lab.el("li", {hidden: !counts[kind]}, lab.el("b", {style}, letter),
				`${name}: ${lab.number(counts[kind])}`);
		}));
	}

	/* The element of a map, and show(ns). */
	function make(data) {
		const {zones, times} = unfold(data), element = lab.el("div", {class: "map"});
		const status = lab.el("p", {class: "cell", role: "status"},
			"Point at a pageblock, or click it for its history.");
		const past = lab.el("div", {class: "history"});
		const list = lab.el("ul", {class: "kinds"});
		let now = times[0];
		function told(self, at, clicked) {
			if (at < 0)
				return;
			status.textContent = words(self.zone, now, at);
			if (clicked)
				past.replaceChildren(history(self.zone, at));
		}
		const grids = zones.map((zone) => grid(zone, told));
		element.append(list);
		for (const one of grids)
			element.append(lab.el("h4", {}, `Zone ${one.zone.name}`), one.canvas);
		element.append(status, past);
		function show(ns) {
			now = ns;
			grids.forEach((one) => {
				one.ns = ns;
				paint(one);
			});
			kinds(list, zones, ns);
		}
		lab.painters.push({element, paint: () => kinds(list, zones, now)});
		new ResizeObserver(() => grids.forEach(paint)).observe(element);
		return {element, times, show};
	}

	/* A slider and a button for one map, or for two that are compared. */
	function controls(times, show) {
		const last = times.length - 1;
		const slider = lab.el("input", {type: "range", min: 0, max: last, step: 1, value: 0,
			"aria-label": "time of the page map"});
		const output = lab.el("output", {});
		const button = lab.el("button", {type: "button", class: "play"}, "Play");
		let timer = null;
		function set(at) {
			slider.value = at;
			output.textContent = `at ${lab.seconds(times[at])}`;
			slider.setAttribute("aria-valuetext", output.textContent);
			show(times[at]);
		}
		function stop() {
			clearInterval(timer);
			timer = null;
			button.textContent = "Play";
		}
		function step() {
			if (!button.isConnected || Number(slider.value) >= last)
				stop();
			else
				set(Number(slider.value) + 1);
		}
		slider.addEventListener("input", () => {
			stop();
			set(Number(slider.value));
		});
		button.addEventListener("click", () => {
			if (timer !== null)
				return stop();
			if (Number(slider.value) >= last)
				set(0);
			button.textContent = "Pause";
			timer = setInterval(step, STEP_MS);
		});
		const element = lab.el("div", {class: "controls map"}, button, slider, output);
		const seek = (ns) => set(Math.max(0, times.findLastIndex((time) => time <= ns)));
		return {element, set, seek};
	}

	return {make, controls};
})();
