/* Which run is shown: the address says it (#run=3, #compare=3,5), so that back and forth work. */
"use strict";
(function () {
	const view = document.getElementById("view"), button = document.getElementById("compare");
	const chosen = document.getElementById("chosen"), names = lab.names();
	let asked = 0;

	const every = (selector) => [...document.querySelectorAll(selector)];
	const picked = () => every("input[name=pick]:checked").map((box) => Number(box.value));

	function pick() {
		const found = picked();
		button.disabled = found.length !== 2;
		if (found.length === 2)
			chosen.textContent = `${names[found[0]]} and ${names[found[1]]}`;
		else if (found.length > 2)
			chosen.textContent = `${found.length} are ticked; two can be compared.`;
		else
			chosen.textContent = "Tick two runs to compare them.";
	}

	function wanted() {
		const found = /^#(?:run=(\d+)|compare=(\d+),(\d+))$/.exec(location.hash);
		const numbers = (found || []).slice(1).filter(Boolean).map(Number);
		if (numbers.length && numbers.every((one) => one < names.length))
			return numbers;
		return names.length === 1 ? [0] : [];
	}

	async function show() {
		const numbers = wanted(), mine = ++asked;
		every("#runs tr[id]").forEach((row) =>
			row.classList.toggle("shown", numbers.includes(Number(row.id.slice(4)))));
		view.hidden = !numbers.length;
		view.dataset.shown = "";
		lab.log.hide();
		view.replaceChildren();
		if (!numbers.length)
			return;
		const runs = await Promise.all(numbers.map(lab.load));
		if (mine !== asked)
			return;
		if (runs.length === 1)
			lab.run.show(view, runs[0]);
		else
			lab.compare.show(view, ...runs);
		view.dataset.shown = numbers.join(",");
		if (location.hash)
			view.focus();
	}

	function tell(error) {
		const text = `This browser cannot show the run: ${error.message || error}`;
		view.replaceChildren(lab.el("p", {class: "bad"}, text));
	}

	document.getElementById("filter").addEventListener("input", (event) => {
		const word = event.target.value.toLowerCase();
		every("#runs tr[id]").forEach((row) => {
			const name = names[Number(row.id.slice(4))];
			row.hidden = !`${row.textContent} ${name}`.toLowerCase().includes(word);
		});
	});
	document.getElementById("runs").addEventListener("change", pick);
	button.addEventListener("click", () => {
		location.hash = `#compare=${picked().join(",")}`;
	});
	addEventListener("hashchange", () => show().catch(tell));
	pick();
	show().catch(tell);
})();
