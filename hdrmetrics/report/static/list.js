// The virtual list: only rows near the window are in the document, and what is seen stays in place.
const list = by("list"), shown = by("shown"), controls = by("controls"), head = by("head");
const MOST_PRINTED = 200;
const WHOLE = 100;  // rows that are all in the document: a browser's own search finds them
const nodes = new Map();      // by row: its element
const places = new Int32Array(count).fill(-1);  // by row: where it stands, if it is shown
let view = "cards", rows = [], leads = new Set(), follow = new Set();
let columns = 1, lines = 0, heights = new Float64Array(0), tops = new Float64Array(1), estimate = 0;
let width = 0;  // that the list is laid out for
let from = 0, to = 0, current = -1, printing = false;
let steady = null;  // the anchor as it last was: after a change of width it is too late to ask

const edge = () => (getComputedStyle(controls).position === "sticky" ? controls.offsetHeight : 0)
  + (view === "table" ? head.offsetHeight : 0);
const listTop = () => list.getBoundingClientRect().top + scrollY;
const lineOf = (place) => Math.floor(place / columns);

function addUp() {
  for (let i = 0; i < lines; i++) tops[i + 1] = tops[i] + (heights[i] || estimate);
  list.style.setProperty("height", `${tops[lines]}px`);
}

function lineAt(y) {
  let low = 0, high = lines - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (tops[middle] <= y) low = middle; else high = middle - 1;
  }
  return Math.max(0, low);
}

// What should stay where it is: the row with the focus if it is seen, or else the first that is.
function anchor() {
  const seen = scrollY - listTop() + edge();
  if (seen <= 0 || !rows.length) return null;  // the list has not left its top
  const focused = places[rowOf(document.activeElement)] ?? -1;
  const at = (place) => ({ row: rows[place], top: tops[lineOf(place)] + listTop() - scrollY });
  if (focused >= from && focused < to) {
    const { top } = at(focused);
    if (top >= edge() - 1 && top < innerHeight) return at(focused);
  }
  return at(Math.min(rows.length - 1, lineAt(seen) * columns));
}

const rowOf = (target) => {
  const entry = target?.closest?.("#shown > .entry");
  return entry ? Number(entry.dataset.row) : -1;
};

function make(row) {
  const lead = leads.has(row);
  const stamp = [view, lead && opened.has(data.groups[row]), lead, view === "cards" || order.key,
    view === "table" && tableColumns().map((column) => column.key)].join();
  let made = nodes.get(row);
  if (made?.dataset.stamp !== stamp) {
    made?.remove();
    made = FORMS[view].make(row, lead);
    made.dataset.row = row;
    made.dataset.stamp = stamp;
    made.tabIndex = -1;
    made.setAttribute("aria-label", visible(data.names[row]));
    if (view === "table") made.setAttribute("role", "row");
    nodes.set(row, made);
    resized.observe(made);
  }
  const place = places[row];
  if (view === "table") made.setAttribute("aria-rowindex", place + 2);
  else {
    made.setAttribute("aria-posinset", place + 1);
    made.setAttribute("aria-setsize", rows.length);
  }
  made.classList.toggle("follow", follow.has(row));
  return made;
}

// Puts the elements of some lines, and the one with the focus, into the document.
function place(first, last) {
  from = first * columns;
  to = Math.min(rows.length, last * columns);
  const focused = document.activeElement, away = places[rowOf(focused)] ?? -1;
  const kept = [];
  for (let i = from; i < to; i++) kept.push(rows[i]);
  if (away >= 0 && away < from) kept.unshift(rows[away]);
  if (away >= to) kept.push(rows[away]);
  const keep = new Set(kept);
  for (const [row, node] of nodes) {
    if (keep.has(row)) continue;
    resized.unobserve(node);
    node.remove();
    nodes.delete(row);
  }
  const made = kept.map(make);
  let next = shown.firstChild;
  for (const node of made) {
    const at = places[Number(node.dataset.row)], lost = at < from || at >= to;
    node.classList.toggle("away", lost);
    if (lost) node.style.setProperty("--away", `${tops[lineOf(at)] - tops[first]}px`);
    if (node === next) next = next.nextSibling;
    else shown.insertBefore(node, next);
  }
  shown.style.setProperty("top", `${tops[first]}px`);
  if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
  if (places[current] < from || places[current] >= to || current < 0) current = rows[Math.min(rows.length - 1, lineAt(scrollY - listTop() + edge()) * columns)] ?? -1;
  for (const [row, node] of nodes) node.tabIndex = row === current ? 0 : -1;
}

// Measures the lines that are in the document; whether one is other than was thought.
function measure(first, last) {
  let changed = false, sum = 0;
  const gap = FORMS[view].gap;
  for (let i = first; i < last; i++) {
    const node = nodes.get(rows[i * columns]);
    if (!node || node.classList.contains("away")) continue;
    const height = node.getBoundingClientRect().height + gap;
    sum += height;
    if (Math.abs(height - heights[i]) > 0.01) {
      heights[i] = height;
      changed = true;
    }
  }
  if (!estimate && last > first) {
    estimate = sum / (last - first);
    changed = true;
  }
  return changed;
}

// Shows what is near the window. `hold` is a row and where its top should be, in the window.
function update(hold = anchor()) {
  if (printing) return;
  for (let round = 0; round < 6; round++) {
    addUp();
    if (hold) {
      const wished = tops[lineOf(places[hold.row])] + listTop() - hold.top;
      if (Math.abs(wished - scrollY) >= 0.5) scrollTo({ top: wished, behavior: "instant" });
    }
    const y = scrollY - listTop(), screen = innerHeight;
    const whole = rows.length <= WHOLE;
    const first = estimate && !whole ? lineAt(y - screen) : 0;
    const last = whole ? lines : Math.min(lines, estimate ? lineAt(y + 2 * screen) + 1 : 3);
    place(first, last);
    if (!measure(first, last)) break;
  }
  addUp();
  steady = anchor();
}

// Lays the list out anew: other rows, another form or another width.
function layOut(hold = anchor()) {
  const form = FORMS[view];
  width = list.clientWidth;
  columns = form.least === Infinity ? 1 : Math.max(1, Math.floor((width + form.gap) / (form.least + form.gap)));
  shown.style.setProperty("--columns", columns);
  lines = Math.ceil(rows.length / columns);
  heights = new Float64Array(lines);
  tops = new Float64Array(lines + 1);
  estimate = 0;
  headings();
  update(hold);
}

// Shows the rows that fit now. What stood first in the window stays there, or what followed it.
function arrange(again = true, hold = anchor()) {
  const before = rows;
  if (again) sorted.sort(comparison());
  const next = shownRows();
  ({ rows, leads, follow } = next);
  let place = hold ? places[hold.row] : 0;
  places.fill(-1);
  rows.forEach((row, index) => { places[row] = index; });
  if (hold) {
    while (place < before.length && places[before[place]] < 0) place++;
    hold = place < before.length ? { row: before[place], top: hold.top } : null;
  }
  tell(next.fitting);
  layOut(hold);
}

function toggleGroup(group) {
  const row = rowOf(document.activeElement);
  if (opened.has(group)) opened.delete(group); else opened.add(group);
  const lead = rows.find((one) => data.groups[one] === group);
  const node = nodes.get(lead);
  const hold = node && { row: lead, top: node.getBoundingClientRect().top };
  arrange(false);
  if (hold) update(hold);
  if (row >= 0) nodes.get(row)?.focus({ preventScroll: true });
}

// Brings a row into the window and gives it the focus.
function goTo(index) {
  if (!rows.length) return;
  const place = Math.min(rows.length - 1, Math.max(0, index)), row = rows[place], line = lineOf(place);
  current = row;
  for (let round = 0; round < 3; round++) {
    const top = tops[line] + listTop() - scrollY, height = heights[line] || estimate;
    const least = edge() + 8, most = innerHeight - height - 4;
    if (top >= least && top <= most) break;
    update({ row, top: top < least || most < least ? least : most });
  }
  update({ row, top: tops[line] + listTop() - scrollY });
  nodes.get(row)?.focus({ preventScroll: true });
}

// A width that changes is a matter of the whole list, which start.js sees to.
const resized = new ResizeObserver(() => { if (list.clientWidth === width) update(); });
