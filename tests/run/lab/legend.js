/* How a chart's lines look, and its legend: a line is told by its dashes as well as its colour. */
"use strict";
lab.legend = (function () {
	const LIGHT = ["#0b57d0", "#b3261e", "#7a5000", "#14652f", "#6b3fa0", "#0a6270"];
	const DARK = ["#8ab4f8", "#f28b82", "#f5c26b", "#81c995", "#c58af9", "#78d9ec"];
	const DASHES = [null, [9, 3], [2, 3], [5, 5], [12, 3, 2, 3], [1, 5]];

	const colours = () => (lab.theme.dark() ? DARK : LIGHT);
	const dash = (at) => DASHES[at % DASHES.length];

	function stroke(at) {
		const pattern = dash(at) ? ` stroke-dasharray="${dash(at).join(" ")}"` : "";
		const line = `<line x1="0" y1="3" x2="34" y2="3" stroke-width="3"${pattern}`;
		const colour = colours()[at % LIGHT.length];
		const size = 'width="34" height="6" aria-hidden="true"';
		return `<svg ${size}>${line} stroke="${colour}"/></svg>`;
	}

	function value(one, unit) {
		if (one.y === undefined || one.y === null)
			return "";
		return `: ${unit === "pages" ? lab.pages(one.y) : lab.number(one.y)}`;
	}

	/* As dygraphs asks for it; it has made the names safe. */
	function format(unit) {
		const item = (text) => `<span class="item">${text}</span>`;
		const time = (x) => (x === undefined ? "" : item(`at ${lab.seconds(x * 1e6)}`));
		return function (data) {
			return time(data.x) + data.series.map((one, at) =>
				item(`${stroke(at)} ${one.labelHTML}${value(one, unit)}`)).join("");
		};
	}

	return {colours, dash, format};
})();
