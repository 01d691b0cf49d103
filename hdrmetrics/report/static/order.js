// Which rows are shown, and in which order.
const order = { key: data.sort, descending: data.sort !== "" && data.descending };
const names = new Intl.Collator(undefined, { numeric: true });
const opened = new Set();   // bursts that are unfolded
const wanted = new Set((stateColumn?.states ?? []).map((_, place) => place));
const only = new Set();     // words of marks: rows with any of them, if there are some
const ranges = new Map();   // by the column's key: [least, largest]
let folded = members.size > 0;
let words = [];

// By the row: where its name stands among all; found once, when first asked for.
let ranks = null;
function rankOf(row) {
  if (!ranks) {
    ranks = new Int32Array(count);
    Array.from({ length: count }, (_, one) => one)
      .sort((a, b) => names.compare(data.names[a], data.names[b]) || a - b)
      .forEach((one, place) => { ranks[one] = place; });
  }
  return ranks[row];
}

function comparison() {
  const column = columnOf(order.key), sign = order.descending ? -1 : 1;
  if (!column) return (a, b) => sign * (rankOf(a) - rankOf(b));
  // States come in the order of their filters when what is highest comes first.
  const turn = column.kind === "state" ? -sign : sign, values = column.values;
  return (a, b) => {
    const x = values[a], y = values[b];
    if (x === y) return rankOf(a) - rankOf(b);
    if (x === null || y === null) return x === null ? 1 : -1;  // what is unknown comes last
    return x < y ? -turn : turn;
  };
}

function fits(row) {
  if (stateColumn && stateColumn.values[row] !== null && !wanted.has(stateColumn.values[row])) return false;
  if (only.size && !marksOf(row).some((mark) => only.has(mark.label))) return false;
  for (const [key, [least, largest]] of ranges) {
    const given = columnOf(key).values[row];
    if (given === null || given < least || given > largest) return false;
  }
  return !words.length || words.every((word) => searchText(row).includes(word));
}

let sorted = Array.from({ length: count }, (_, row) => row);

// Returns the rows to show, each with whether it stands for its burst or was unfolded from one.
function shownRows() {
  const fitting = sorted.filter(fits), shown = [], leads = new Set(), follow = new Set();
  if (!folded) return { rows: fitting, leads, follow, fitting: fitting.length };
  const there = new Map();
  for (const row of fitting) {
    const group = data.groups[row];
    if (group === undefined) continue;
    if (!there.has(group)) there.set(group, []);
    there.get(group).push(row);
  }
  for (const rows of there.values()) leads.add(rows.find((row) => keepers.has(row)) ?? rows[0]);
  for (const row of fitting) {
    const group = data.groups[row];
    if (group !== undefined && !leads.has(row)) continue;
    shown.push(row);
    if (group !== undefined && opened.has(group))
      for (const other of there.get(group)) if (other !== row) { shown.push(other); follow.add(other); }
  }
  return { rows: shown, leads, follow, fitting: fitting.length };
}
