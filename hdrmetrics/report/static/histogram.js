// How the values of the column in order are spread, and the range that rows are held to.
const panel = by("range"), chart = by("chart"), least = by("least"), largest = by("largest");
const FEWEST = 3;
let spread = null;

function histogram() {
  const column = columnOf(order.key);
  spread = null;
  panel.hidden = !column || !numeric(column);
  if (panel.hidden) return;
  const values = column.values.filter((one) => one !== null && Number.isFinite(one));
  let low = Infinity, high = -Infinity;
  for (const one of values) { low = Math.min(low, one); high = Math.max(high, one); }
  panel.hidden = values.length < FEWEST || low === high;
  if (panel.hidden) return;
  const bars = Math.round(Math.min(48, Math.max(6, 2 * Math.sqrt(values.length))));
  const counts = new Array(bars).fill(0);
  for (const one of values) counts[Math.min(bars - 1, Math.floor(bars * (one - low) / (high - low)))]++;
  spread = { column, low, high };
  const most = Math.max(...counts);
  by("ranged").textContent = visible(column.label);
  chart.replaceChildren(...counts.map((n, i) => {
    const bar = document.createElementNS(chart.namespaceURI, "rect");
    for (const [key, is] of Object.entries({ x: 48 * i / bars, width: 0.86 * 48 / bars, y: 30 - 30 * n / most, height: 30 * n / most }))
      bar.setAttribute(key, is);
    return bar;
  }));
  paint();
}

// Colours the bars inside the range, and writes its ends into the fields.
function paint() {
  for (const [field, end] of [[least, 0], [largest, 1]]) {
    const bound = ranges.get(spread.column.key)?.[end];
    if (document.activeElement !== field) field.value = Number.isFinite(bound) ? bound : "";
    field.placeholder = numberText(spread.column, end ? spread.high : spread.low);
    field.step = "any";
  }
  const [from, to] = ranges.get(spread.column.key) ?? [-Infinity, Infinity];
  [...chart.children].forEach((bar, i) => {
    const middle = spread.low + (i + 0.5) / chart.children.length * (spread.high - spread.low);
    bar.classList.toggle("out", middle < from || middle > to);
  });
}

function hold(key, from, to) {
  const kept = anchor();  // before the controls change their height
  if (from === -Infinity && to === Infinity) ranges.delete(key); else ranges.set(key, [from, to]);
  if (spread) paint();
  chips();
  arrange(false, kept);
}

for (const field of [least, largest]) field.addEventListener("input", () => {
  const [from, to] = [least, largest].map((one) => one.value === "" ? NaN : Number(one.value));
  hold(spread.column.key, Number.isNaN(from) ? -Infinity : from, Number.isNaN(to) ? Infinity : to);
});

// A range is drawn with the pointer; a click takes it away.
let started = null;
const pointed = (event) => {
  const box = chart.getBoundingClientRect();
  return spread.low + Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * (spread.high - spread.low);
};
chart.addEventListener("pointerdown", (event) => {
  started = { x: event.clientX, value: pointed(event) };
  chart.setPointerCapture(event.pointerId);
});
chart.addEventListener("pointermove", (event) => {
  if (!started || Math.abs(event.clientX - started.x) < 4) return;
  const ends = [started.value, pointed(event)].sort((a, b) => a - b);
  hold(spread.column.key, ...ends.map((one) => Number(one.toFixed(spread.column.digits))));
});
chart.addEventListener("pointerup", (event) => {
  if (started && Math.abs(event.clientX - started.x) < 4) hold(spread.column.key, -Infinity, Infinity);
  started = null;
});
chart.addEventListener("pointercancel", () => { started = null; });

// Ranges of all columns, each with a button that takes it away.
function chips() {
  by("held").replaceChildren(...[...ranges].map(([key, [from, to]]) => {
    const column = columnOf(key), said = (one) => numberText(column, one);
    const text = from === -Infinity ? `at most ${said(to)}`
      : to === Infinity ? `at least ${said(from)}` : `${said(from)} to ${said(to)}`;
    const made = button("held", `${column.label} ${text} \u00d7`, () => hold(key, -Infinity, Infinity));
    made.setAttribute("aria-label", `take away: ${visible(column.label)} ${text}`);
    return made;
  }));
}
