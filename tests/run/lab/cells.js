/* Pageblocks: reading the page map's text, and the colours of a cell. */
"use strict";
lab.cells = (function () {
	const KINDS = [
		["U", "unmovable", "#d1603d", "#e07a5f"], ["M", "movable", "#2f7fd0", "#64a6e8"],
		["E", "reclaimable", "#5f9e3c", "#8cc268"],
		["H", "high-order atomic reserve", "#8e44ad", "#b77bd1"],
		["C", "contiguous areas (CMA)", "#168f8f", "#4bc0c0"],
		["I", "isolated", "#a68a00", "#d8bd3a"],
		["R", "reserve", "#7d5a3c", "#b08c6c"], ["-", "hole", "#888888", "#777777"],
	];
	const LETTERS = KINDS.map((one) => one[0]).join("");

	/* "12Mf4H0" as two arrays: kinds by their number, and how full they are, 0 to 15. */
	function decode(text, size) {
		const kinds = new Uint8Array(size), used = new Uint8Array(size);
		let at = 0;
		for (const [, count, letter, digit] of text.matchAll(/(\d+)([A-Z-])([0-9a-f])/g)) {
			kinds.fill(LETTERS.indexOf(letter), at, at + Number(count));
			used.fill(parseInt(digit, 16), at, at + Number(count));
			at += Number(count);
		}
		return {kinds, used};
	}

	const rgb = (text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));

	/* The kind's colour, mixed with the page's by how full the block is. */
	function shade(kind, used) {
		const own = rgb(KINDS[kind][lab.theme.dark() ? 3 : 2]);
		const back = rgb(lab.colour("back"));
		const part = LETTERS[kind] === "-" ? 0.1 : 0.15 + 0.85 * used / 15;
		return own.map((value, at) => Math.round(value * part + back[at] * (1 - part)));
	}

	function luminance(colour) {
		const [r, g, b] = colour.map((value) => value / 255).map((value) =>
			(value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	}

	/* Black or white, whichever is easier to read. */
	const ink = (colour) => (luminance(colour) > 0.179 ? "#000000" : "#ffffff");

	const full = (used) => (used === 0 ? "all free" : used === 15 ? "all used"
		: `about ${Math.round((used - 0.5) / 14 * 100)} % used`);

	return {KINDS, LETTERS, decode, shade, ink, full};
})();
