// How a value of each kind is shown.
const DASH = "\u2013";

function numberText(column, value) {
  if (value === null || value === undefined) return DASH;
  if (!Number.isFinite(value)) return value > 0 ? "\u221e" : "\u2212\u221e";
  return value.toFixed(column.digits).replace("-", "\u2212");
}

function intervalText(column, row) {
  const low = column.lows?.[row] ?? null, high = column.highs?.[row] ?? null;
  return low === null || high === null ? ""
    : `${numberText(column, infinite[low] ?? low)} to ${numberText(column, infinite[high] ?? high)}`;
}

function bar(column, row) {
  const made = element("span", "bar"), fill = element("span", "fill");
  const part = (x) => `${100 * Math.min(1, Math.max(0, ((infinite[x] ?? x) - column.low) / (column.high - column.low)))}%`;
  fill.style.setProperty("--part", part(column.values[row]));
  made.append(fill);
  made.setAttribute("aria-hidden", "true");
  if (column.mark !== null) {
    const tick = element("span", "tick");
    tick.style.setProperty("--mark-at", part(column.mark));
    tick.title = `threshold ${column.mark}`;
    made.append(tick);
  }
  if (intervalText(column, row)) {
    const whisker = element("span", "whisker");
    whisker.style.setProperty("--from", part(column.lows[row]));
    whisker.style.setProperty("--to", part(column.highs[row]));
    made.append(whisker);
  }
  return made;
}

const tagged = (texts) => texts.map((text) => element("span", "tag plain", text));

// A word for all marks that are called alike.
const marked = (marks) => [...new Set(marks.map((mark) => mark.label))].map((label) => {
  const alike = marks.filter((mark) => mark.label === label);
  const made = element("span", `tag ${alike[0].tone}`, label);
  made.title = visible(alike.map((mark) => mark.text).join("; "));
  return made;
});

// A line of a card's values; nothing where there is no value, or where it is told elsewhere.
function value(column, row, full) {
  const given = column.values[row];
  if (given === null || ["state", "text", "marks"].includes(column.kind)) return null;
  const line = element("div"), title = element("dt", "", column.label);
  if (column.help) title.title = visible(column.help);
  line.append(title);
  if (column.kind === "tags") {
    const several = element("dd", "wide tags");
    several.append(...tagged(textsOf(given)));
    line.append(several);
  } else {
    const said = element("dd", column.kind === "number" ? "wide" : "", numberText(column, given));
    const interval = intervalText(column, row);
    if (interval)
      said.append(element("span", full ? "interval" : "unseen", full ? ` (${interval})` : `, interval ${interval}`));
    if (column.kind !== "number") {
      const drawn = element("dd", "drawn");
      if (interval) drawn.title = `interval ${interval}`;
      drawn.append(bar(column, row));
      line.append(drawn);
      line.classList.toggle("over", column.mark === null || given >= column.mark);
    }
    line.append(said);
  }
  return line;
}

// A cell of the table.
function cell(column, row) {
  const made = element("div", `cell of-${column.kind}`), given = column.values[row];
  made.setAttribute("role", "cell");
  if (column.kind === "state") {
    const state = stateOf(row);
    made.append(state ? element("span", `state ${state.tone}`, state.label) : DASH);
  } else if (given === null) {
    made.append(DASH);
  } else if (column.kind === "tags") {
    made.append(...tagged(textsOf(given)));
  } else if (column.kind === "marks") {
    made.append(...marked(given.map((one) => data.marks[one])));
  } else {
    made.append(element("span", "said", numberText(column, given)));
    if (column.kind !== "number") made.append(bar(column, row));
    const interval = intervalText(column, row);
    if (interval) made.append(element("span", "interval", interval));
  }
  return made;
}
