/* Light and dark: as the system has it, until somebody switches; on paper always light. */
"use strict";
lab.theme = (function () {
	const root = document.documentElement, button = document.getElementById("theme");
	const system = matchMedia("(prefers-color-scheme: dark)");
	let chosen = null, printing = false;

	function dark() {
		return !printing && (chosen === null ? system.matches : chosen === "dark");
	}

	function apply() {
		root.dataset.theme = dark() ? "dark" : "light";
		button.textContent = dark() ? "Light colours" : "Dark colours";
		lab.repaint();
	}

	function print(now) {
		printing = now;
		apply();
	}

	button.addEventListener("click", () => {
		chosen = dark() ? "light" : "dark";
		apply();
	});
	system.addEventListener("change", apply);
	addEventListener("beforeprint", () => print(true));
	addEventListener("afterprint", () => print(false));
	apply();
	return {dark};
})();
