// The three forms of a row: a card, a tile of the grid, a line of the table.
const FORMS = { cards: { least: 330, gap: 18, make: card }, grid: { least: 160, gap: 10, make: tile },
  table: { least: Infinity, gap: 0, make: line } };

const title = (row, tag) => named(tag, "name", data.names[row]);

// What a burst says of itself: a button that opens it, or which part of it this is.
function burst(row, lead) {
  const group = data.groups[row];
  if (group === undefined) return [];
  const size = members.get(group).length, word = keepers.has(row) ? "best of" : "one of";
  if (!lead) return [element("span", "tag", `${word} ${size}`)];
  const made = button("burst", `${word} ${size}`, () => toggleGroup(group));
  made.setAttribute("aria-expanded", String(opened.has(group)));
  made.tabIndex = -1;
  return [made];
}

// All that is said of a row below its picture.
function body(row, lead, full) {
  const made = element("div", "body"), head = element("div", "head"), state = stateOf(row);
  head.append(title(row, "h2"));
  if (state) head.append(element("span", `state ${state.tone}`, state.label));
  made.append(head);
  const marks = marksOf(row), tags = element("p", "tags");
  tags.append(...burst(row, lead), ...marked(marks));
  if (tags.children.length) made.append(tags);
  const values = element("dl", "values");
  values.append(...data.columns.map((column) => value(column, row, full)).filter(Boolean));
  if (values.children.length) made.append(values);
  for (const column of data.columns)
    if (column.kind === "text" && column.values[row] !== null)
      made.append(element("p", "sentence", `${column.label}: ${data.texts[column.values[row]]}`));
  for (const mark of marks)
    if (mark.text) made.append(element("p", "sentence", `${mark.label}: ${mark.text}`));
  const told = notesOf(row);
  if (told.length) {
    const notes = element("ul", `notes ${[state, ...marks].some((one) => one?.tone === "bad") ? "bad" : "plain"}`);
    notes.append(...told.map((note) => element("li", "", note)));
    made.append(notes);
  }
  made.append(...figures(row));
  return made;
}

function card(row, lead) {
  const made = element("article", "card entry");
  made.append(frame(row), body(row, lead));
  return made;
}

function tile(row, lead) {
  const made = element("article", "tile entry"), foot = element("div", "foot");
  const column = columnOf(order.key), state = stateOf(row);
  foot.append(title(row, "h2"));
  if (column && numeric(column)) foot.append(element("span", "said", numberText(column, column.values[row])));
  const tags = element("p", "tags");
  if (state && state.tone !== "plain") tags.append(element("span", `state ${state.tone}`, state.label));
  tags.append(...burst(row, lead), ...marked(marksOf(row)));
  made.append(frame(row, false), foot);
  if (tags.children.length) made.append(tags);
  return made;
}

// Columns of the table: as many as have room; all are in the details.
function tableColumns() {
  const all = data.columns.filter((column) => column.kind !== "text");
  const room = Math.max(1, Math.floor((list.clientWidth - 300) / 130));
  const first = all.filter((column) => column.key === order.key);
  const chosen = [...new Set([...first, ...all])].slice(0, room);
  return all.filter((column) => chosen.includes(column));
}

function line(row, lead) {
  const made = element("div", "strip entry"), thumb = element("div", "cell thumb");
  const called = element("div", "cell called");
  for (const one of [thumb, called]) one.setAttribute("role", "cell");
  if (picturesOf(row).length) thumb.append(frame(row, false));
  called.append(title(row, "span"), ...burst(row, lead));
  made.append(thumb, called, ...tableColumns().map((column) => cell(column, row)));
  return made;
}
