/* The console: reports folded, the verdicts on top, each number of a report explained. */
"use strict";
lab.log = (function () {
	const tip = document.getElementById("tip");
	let lit = null;

	function light(number) {
		if (lit)
			lit.classList.remove("on");
		lit = number;
		tip.hidden = !number;
		if (!number)
			return;
		number.classList.add("on");
		tip.textContent = number.dataset.says;
		const box = number.getBoundingClientRect();
		const room = document.documentElement.clientWidth - tip.offsetWidth - 8;
		tip.style.left = `${scrollX + Math.max(4, Math.min(box.left, room))}px`;
		tip.style.top = `${scrollY + box.bottom + 6}px`;
	}

	/* A line with its explained numbers as elements. */
	function line(text, notes) {
		const parts = [];
		let done = 0;
		for (const [, start, end, says] of notes) {
			if (start < done)
				continue;
			const number = lab.el("span", {class: "num", "data-says": says});
			number.textContent = text.slice(start, end);
			parts.push(text.slice(done, start), number);
			done = end;
		}
		return [...parts, `${text.slice(done)}\n`];
	}

	function report(lines, fold) {
		const label = "the report; left and right arrow keys go from number to number";
		const text = lab.el("pre", {class: "report", tabindex: 0, role: "group",
			"aria-label": label});
		const notes = lines.slice(fold.first, fold.last + 1).map(() => []);
		fold.notes.forEach((note) => notes[note[0]].push(note));
		notes.forEach((own, at) => text.append(...line(lines[fold.first + at], own)));
		text.addEventListener("pointerover", (event) =>
			light(event.target.closest(".num")));
		text.addEventListener("pointerleave", () => light(null));
		text.addEventListener("blur", () => light(null));
		text.addEventListener("keydown", (event) => walk(text, event));
		return text;
	}

	function walk(text, event) {
		const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
		if (event.key === "Escape")
			light(null);
		if (!step)
			return;
		event.preventDefault();
		const all = [...text.querySelectorAll(".num")];
		const at = Math.max(0, Math.min(all.length - 1, all.indexOf(lit) + step));
		all[at]?.scrollIntoView({block: "nearest"});
		light(all[at] || null);
	}

	const arithmetic = (fold) => lab.el("details", {class: "arithmetic"},
		lab.el("summary", {}, "All the arithmetic"),
		lab.el("pre", {}, fold.full.join("\n")));

	/* What is inside is made when it is opened for the first time. */
	function folded(lines, fold, id) {
		const inside = lab.el("details", {id},
			lab.el("summary", {}, `${fold.kind}: ${fold.title}`));
		inside.addEventListener("toggle", () => {
			if (!inside.open || inside.children.length > 1)
				return;
			const words = lab.el("pre", {class: "words"}, fold.words.join("\n"));
			inside.append(words, arithmetic(fold), report(lines, fold));
		});
		return inside;
	}

	function verdicts(folds, ids) {
		return lab.el("ul", {class: "verdicts"}, ...folds.map((fold, at) => lab.el("li", {},
			lab.el("button", {type: "button", onclick: () => {
				const target = document.getElementById(ids[at]);
				target.open = true;
				target.querySelector("summary").focus();
			}}, `Report ${at + 1}`), ` ${fold.words[0]}`)));
	}

	/* The element of a log; name: something that no other log of the page has. */
	function make(data, name) {
		const box = lab.el("div", {class: "log"});
		const ids = data.folds.map((_, at) => `${name}-report-${at + 1}`);
		let done = 0;
		const plain = (end) => done < end &&
			box.append(lab.el("pre", {}, data.lines.slice(done, end).join("\n")));
		data.folds.forEach((fold, at) => {
			plain(fold.first);
			box.append(folded(data.lines, fold, ids[at]));
			done = fold.last + 1;
		});
		plain(data.lines.length);
		return lab.el("div", {}, verdicts(data.folds, ids), box);
	}

	return {make, hide: () => light(null)};
})();
