// One row alone, with all that is said of it.
const details = by("details"), inside = by("inside");
let detailed = -1;

function openDetails(row) {
  if (row < 0) return;
  detailed = row;
  const card = element("article", "card opened"), all = body(row, false, true);
  all.querySelector("h2").id = "detailed";
  card.append(frame(row), all);
  inside.replaceChildren(card);
  by("before").disabled = places[row] <= 0;
  by("behind").disabled = places[row] < 0 || places[row] >= rows.length - 1;
  by("where").textContent = places[row] < 0 ? "" : `${places[row] + 1} of ${rows.length}`;
  if (!details.open) details.showModal();
  details.scrollTop = 0;
}

const stepDetails = (step) => {
  const next = rows[places[detailed] + step];
  if (next !== undefined) openDetails(next);
};

by("before").addEventListener("click", () => stepDetails(-1));
by("behind").addEventListener("click", () => stepDetails(1));
by("close").addEventListener("click", () => details.close());
details.addEventListener("click", (event) => { if (event.target === details) details.close(); });
details.addEventListener("keydown", (event) => {
  if (/^(INPUT|SUMMARY)$/.test(event.target.tagName)) return;
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (step) { event.preventDefault(); stepDetails(step); }
});
details.addEventListener("close", () => {
  inside.replaceChildren();
  if (places[detailed] >= 0) goTo(places[detailed]);
});
