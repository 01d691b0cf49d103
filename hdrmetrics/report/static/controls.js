// Search, order, filters and forms.
const search = by("search"), choice = by("order"), direction = by("direction");
const sortable = data.columns.filter((column) => column.sortable && (numeric(column) || column.kind === "state"));

for (const column of [...sortable, { key: "", label: "name" }]) {
  const option = element("option", "", column.label);
  option.value = column.key;
  choice.append(option);
}
if (!sortable.some((column) => column.key === order.key)) order.key = "";
choice.value = order.key;

function sortBy(key, descending) {
  const kept = anchor();  // before the controls change their height
  order.key = key;
  order.descending = descending;
  choice.value = key;
  const [high, low] = key === "" ? ["\u2193 Z to A", "\u2191 A to Z"]
    : columnOf(key).kind === "state" ? ["\u2193 as listed", "\u2191 listed last first"]
      : ["\u2193 highest first", "\u2191 lowest first"];
  direction.textContent = descending ? high : low;
  direction.setAttribute("aria-pressed", String(descending));
  histogram();
  arrange(true, kept);
}

// The heads of the table's columns, which put it in their order.
function headings() {
  head.hidden = view !== "table";
  if (head.hidden) return by("board").removeAttribute("aria-rowcount");
  by("board").setAttribute("aria-rowcount", rows.length + 1);
  const chosen = tableColumns();
  shown.style.setProperty("--cells", chosen.length);
  head.style.setProperty("--cells", chosen.length);
  const thumb = element("div", "cell thumb"), all = [{ key: "", label: "name", sortable: true }, ...chosen];
  thumb.setAttribute("role", "columnheader");
  thumb.append(element("span", "unseen", "picture"));
  const had = document.activeElement?.dataset?.column;
  head.replaceChildren(thumb, ...all.map((column) => {
    const made = element("div", "cell"), sorts = column.key === "" || sortable.includes(column);
    made.setAttribute("role", "columnheader");
    if (!sorts) made.append(element("span", "", column.label));
    else {
      const active = order.key === column.key;
      const turn = () => sortBy(column.key, active ? !order.descending : column.key !== "");
      const press = button("", `${column.label}${active ? (order.descending ? " \u2193" : " \u2191") : ""}`, turn);
      press.dataset.column = column.key;
      if (column.help) press.title = visible(column.help);
      if (active) made.setAttribute("aria-sort", order.descending ? "descending" : "ascending");
      made.append(press);
    }
    return made;
  }));
  if (had !== undefined) [...head.querySelectorAll("button")].find((one) => one.dataset.column === had)?.focus();
}

function tell(fitting) {
  const unit = data.unit[count === 1 ? 0 : 1];
  let text = fitting === count ? `${count} ${unit}` : `${fitting} of ${count} ${unit}`;
  const hidden = fitting - rows.length;
  if (hidden > 0) text += `, ${hidden} folded into bursts`;
  by("count").textContent = text;
  by("nothing").hidden = rows.length > 0;
}

function chip(parent, text, tone, checked, act) {
  const made = element("label", "chip"), box = element("input");
  box.type = "checkbox";
  box.checked = checked;
  box.addEventListener("change", () => { act(box.checked); });
  made.append(box, element("span", tone, text));
  by(parent).append(made);
}

const choose = (set, what) => (on) => {
  if (on) set.add(what); else set.delete(what);
  arrange(false);
};
(stateColumn?.states ?? []).forEach((state, place) => {
  const n = stateColumn.values.filter((one) => one === place).length;
  if (n) chip("states", `${state.label} ${n}`, state.tone, true, choose(wanted, place));
});
const labels = new Map();
for (let row = 0; row < count; row++)
  for (const label of new Set(marksOf(row).map((mark) => mark.label)))
    labels.set(label, (labels.get(label) ?? 0) + 1);
for (const [label, n] of labels)
  chip("marks", `${label} ${n}`, data.marks.find((mark) => mark.label === label).tone, false, choose(only, label));
if (members.size) chip("bursts", "best of each burst only", "plain", true, (on) => { folded = on; arrange(false); });
for (const [id, fewest] of [["states", 2], ["marks", 1], ["bursts", 1]])
  by(id).hidden = by(id).querySelectorAll("label").length < fewest;

let waiting = 0;
search.addEventListener("input", () => {
  clearTimeout(waiting);
  const act = () => {
    words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    arrange(false);
  };
  if (count < 2000) act(); else waiting = setTimeout(act, 120);
});
choice.addEventListener("change", () => sortBy(choice.value, choice.value !== ""));
direction.addEventListener("click", () => sortBy(order.key, !order.descending));
controls.addEventListener("submit", (event) => event.preventDefault());

function show(form) {
  const hold = anchor();
  view = form;
  const table = form === "table";
  by("board").setAttribute("role", table ? "table" : "feed");
  list.setAttribute("role", table ? "rowgroup" : "none");
  document.body.dataset.view = form;
  layOut(hold);
}
for (const one of document.getElementsByName("form")) one.addEventListener("change", () => show(one.value));
