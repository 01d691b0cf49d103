// What the JSON block says: rows are numbers, columns are lists.
const by = (id) => document.getElementById(id);
const data = JSON.parse(by("data").textContent);
const count = data.names.length;
const numeric = (column) => ["number", "share", "score"].includes(column.kind);
const infinite = { inf: Infinity, "-inf": -Infinity };
for (const column of data.columns)
  if (numeric(column)) column.values = column.values.map((one) => infinite[one] ?? one);
data.marks = data.marks.map(([label, text, tone]) =>
  ({ label: data.texts[label], text: data.texts[text], tone }));

const pictured = data.pictures.some((one) => one.length);
const stateColumn = data.columns.find((column) => column.kind === "state");
const columnOf = (key) => data.columns.find((column) => column.key === key);
const stateOf = (row) => stateColumn?.states[stateColumn.values[row] ?? -1];
const textsOf = (numbers) => (numbers ?? []).map((one) => data.texts[one]);
const notesOf = (row) => textsOf(data.notes[row]);
const marksOf = (row) => data.columns.filter((column) => column.kind === "marks")
  .flatMap((column) => column.values[row] ?? []).map((one) => data.marks[one]);
const picture = ([label, src, width, height]) => ({ label: data.texts[label], src, width, height });
const picturesOf = (row) => data.pictures[row].map(picture);
const figuresOf = (row) => (data.figures[row] ?? []).map(picture);

const members = new Map();  // by group: its rows
for (const [row, group] of Object.entries(data.groups)) {
  if (!members.has(group)) members.set(group, []);
  members.get(group).push(Number(row));
}
const keepers = new Set(data.keepers);

// What a row is found by: written down when somebody searches, not before.
const found = [];
function searchText(row) {
  return (found[row] ??= [
    data.names[row], ...notesOf(row), stateOf(row)?.label ?? "",
    ...marksOf(row).flatMap((mark) => [mark.label, mark.text]),
    ...data.columns.flatMap((column) => column.kind === "tags" ? textsOf(column.values[row])
      : column.kind === "text" ? [data.texts[column.values[row] ?? -1] ?? ""] : []),
  ].join("\n").toLowerCase());
}
