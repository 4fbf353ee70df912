"""The room of the lab: pictures of runs, as one file of HTML that needs nothing else.

From result.json and console.log to data: collect (which runs), facts (what a run is, and the command for
it), series (numbers over virtual time, and marks), pagemap (pageblocks over time), log (the console, its
reports folded), with glossary and explain (what each number of a report is). From data to a page: pack
(small), rows (the table, also table.csv), page (the file), command (`make report`, and the end of `make
run`).

In the browser, in the order in which they are read: page.html, style.css; base.js (elements, numbers,
unpacking), theme.js (light and dark), legend.js and chart.js (timelines, by dygraphs), cells.js and map.js
(the page map), log.js (folds and explanations), run.js (one run), compare.js (two), main.js (which of them
is shown). Each adds to the one object `lab`.
"""
