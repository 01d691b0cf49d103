// The page as it opens, and what goes on around it: scrolling, other widths, printing.
const wider = new ResizeObserver(() => {
  document.body.style.setProperty("--edge", `${getComputedStyle(controls).position === "sticky" ? controls.offsetHeight : 0}px`);
  if (list.clientWidth !== width) layOut(steady);
});
addEventListener("scroll", () => { if (list.clientWidth === width) update(); }, { passive: true });
addEventListener("beforeprint", () => {
  const start = Math.max(0, lineAt(scrollY - listTop()));
  printing = eager = true;
  place(start, Math.min(lines, start + Math.ceil(MOST_PRINTED / columns)));
  for (const one of shown.querySelectorAll("img")) one.loading = "eager";
  by("printed").textContent = to - from === rows.length ? ""
    : `${from + 1} to ${to} of ${rows.length} are printed.`;
});
addEventListener("afterprint", () => {
  printing = eager = false;
  update();
});

controls.hidden = false;
document.body.classList.toggle("bare", !pictured);
show("cards");
sortBy(order.key, order.descending);
wider.observe(list);
wider.observe(controls);
// For whoever measures: milliseconds from the first byte to the first cards.
document.body.dataset.opened = Math.round(performance.now());
