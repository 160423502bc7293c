"use strict";
const $ = (selector) => Array.from(document.querySelectorAll(selector));
const lines = $(".list tbody tr").map((row) => ({ row, text: row.textContent.toLowerCase() }));
const arrows = $("path.arrow[data-from]");
const rows = $("g.row");
const field = document.getElementById("filter");
const count = document.getElementById("count");
const set = (text) => new Set((text || "").split(" ").filter(Boolean));
const meets = (a, b) => [...a].some((one) => b.has(one));
const named = rows.map((row) => ({ row, is: set(row.dataset.is), text: row.textContent.toLowerCase() }));
let chosen = null;
function show() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (text) => words.every((word) => text.includes(word));
  const found = new Set();
  if (words.length) for (const { row, is, text } of named) if (has(text) && !row.classList.contains("own")) for (const one of is) found.add(one);
  const group = named.filter(({ row, text }) => words.length && row.classList.contains("own") && has(text));
  for (const { is } of group) for (const one of is) found.add(one);
  const focus = chosen ? set(chosen.dataset.is) : null;
  let shown = 0;
  for (const { row, text } of lines) {
    const ends = set(row.dataset.from + " " + row.dataset.to);
    const on = (!words.length || has(text)) && (!focus || meets(ends, focus));
    row.classList.toggle("off", !on);
    if (on) shown += 1;
  }
  const near = new Set();
  for (const arrow of arrows) {
    const ends = set(arrow.dataset.from + " " + arrow.dataset.to);
    const on = (!words.length || meets(ends, found)) && (!focus || meets(ends, focus));
    arrow.classList.toggle("faint", !on);
    if (on) for (const one of ends) near.add(one);
  }
  for (const { row, is } of named) {
    const on = (!words.length && !focus) || meets(is, near) || meets(is, found) || (focus && meets(is, focus));
    row.classList.toggle("faint", !on);
    row.classList.toggle("chosen", row === chosen);
  }
  count.textContent = words.length || focus ? shown + " of " + lines.length + " lines" : "";
}
for (const row of rows) row.addEventListener("click", () => { chosen = chosen === row ? null : row; show(); });
field.addEventListener("input", show);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") { chosen = null; field.value = ""; show(); }
});
