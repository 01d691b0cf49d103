// The keyboard: arrows from row to row, Enter for the details, / for the search.
document.addEventListener("keydown", (event) => {
  if (details.open || event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target, field = /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName);
  if (event.key === "/" && !field) {
    event.preventDefault();
    search.focus();
    return;
  }
  if (target === search && (event.key === "Enter" || event.key === "ArrowDown")) {
    event.preventDefault();
    goTo(0);
    return;
  }
  const row = rowOf(target), itself = row >= 0 && target.classList.contains("entry");
  if (!itself && target !== document.body) return;
  const page = Math.max(1, Math.floor((innerHeight - edge()) / (heights[lineOf(places[row] ?? 0)] || estimate || 1)));
  const here = itself ? places[row] : -1, last = rows.length - 1;
  const next = { Home: 0, End: last };
  if (itself) Object.assign(next, {
    ArrowLeft: here - 1, ArrowRight: here + 1, ArrowUp: here - columns, ArrowDown: here + columns,
    PageUp: Math.max(here % columns, here - columns * page), PageDown: Math.min(last, here + columns * page),
  });
  if (event.key in next) {
    event.preventDefault();
    if (next[event.key] >= 0) goTo(next[event.key] > last && lineOf(here) === lines - 1 ? here : next[event.key]);
  } else if (itself && event.key === "Enter") {
    event.preventDefault();
    openDetails(row);
  } else if (itself && event.key === " " && leads.has(row)) {
    event.preventDefault();
    toggleGroup(data.groups[row]);
  }
});

// By the pointer: a name, a tile and a line open the details.
shown.addEventListener("click", (event) => {
  const row = rowOf(event.target);
  if (row < 0 || event.target.closest("button, input, details, a") || String(getSelection())) return;
  if (view !== "cards" || event.target.closest(".name, .frame")) openDetails(row);
});
