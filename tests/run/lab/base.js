/* What every part of the page uses: elements, numbers as words, and the data of a run. */
"use strict";
var lab = {};

/* An element with attributes (those that begin with `on` are called) and children. */
lab.el = function (name, attributes, ...children) {
	const made = document.createElement(name);
	for (const [key, value] of Object.entries(attributes || {})) {
		if (key.startsWith("on"))
			made.addEventListener(key.slice(2), value);
		else if (value === true)
			made.setAttribute(key, "");
		else if (value !== false && value !== null && value !== undefined)
			made.setAttribute(key, value);
	}
	made.append(...children.filter((child) => child !== null && child !== undefined));
	return made;
};

/* A table of headings, of which there may be none, and rows. */
lab.table = function (heads, rows, ...more) {
	const cells = heads.map((text) => lab.el("th", {scope: "col"}, text));
	const head = heads.length ? lab.el("thead", {}, lab.el("tr", {}, ...cells)) : null;
	return lab.el("table", {}, ...more, head, lab.el("tbody", {}, ...rows));
};

/* A row: the text that names it, then its cells; what is a number stands to the right. */
lab.row = function (name, ...cells) {
	const kind = (text) => /^-?[\d,.]+$/.test(text) && "number";
	const made = cells.map((text) => lab.el("td", {class: kind(text)}, text));
	return lab.el("tr", {}, lab.el("th", {scope: "row"}, name), ...made);
};

lab.number = (value) => value.toLocaleString("en-US");

lab.size = function (pages) {
	const kib = Math.abs(pages) * 4;
	if (kib < 1024)
		return `${kib} kB`;
	const mib = kib / 1024;
	return `${mib < 100 ? mib.toFixed(1) : lab.number(Math.round(mib))} MiB`;
};

lab.pages = (pages) => `${lab.number(pages)} pages (${lab.size(pages)})`;

lab.seconds = (ns) => `${(ns / 1e9).toFixed(6)} s`;

/* The runs of the page by their number; what has been unpacked stays so. */
lab.names = () =>
	[...document.querySelectorAll("script[data-name]")].map((one) => one.dataset.name);

lab.kept = new Map();

lab.load = function (number) {
	const packed = document.getElementById(`data-${number}`).textContent;
	if (!lab.kept.has(number))
		lab.kept.set(number, lab.unpack(packed));
	return lab.kept.get(number);
};

lab.unpack = async function (text) {
	const bytes = Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
	const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
	return JSON.parse(await new Response(stream).text());
};

/* Whatever must be drawn again in other colours; what is gone from the page is forgotten. */
lab.painters = [];

lab.repaint = function () {
	lab.painters = lab.painters.filter((one) => one.element.isConnected);
	for (const one of lab.painters)
		one.paint();
};

lab.colour = (name) =>
	getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
