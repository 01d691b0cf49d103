"use strict";
// Shows the rows of the JSON block as cards. Texts go in by textContent only, whatever they hold.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const by = (id) => document.getElementById(id);
  const cards = by("cards"), search = by("search"), order = by("order");
  const stateColumn = data.columns.find((column) => column.kind === "state");

  // Line breaks, control and direction characters of file names are made visible.
  const visible = (text) => String(text).replace(
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/gu,
    (c) => (c < " " ? String.fromCharCode(0x2400 + c.charCodeAt(0)) : "\ufffd"));

  const element = (tag, className, text) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = visible(text);
    return made;
  };

  // A name may break behind its own marks, not in the middle of a word.
  const named = (tag, className, name) => {
    const made = element(tag, className);
    visible(name).split(/(?<=[_\-/\\])|(?=\.)/).forEach((part, index) => {
      if (index) made.append(document.createElement("wbr"));
      made.append(part);
    });
    return made;
  };

  const filled = (value) =>
    value !== null && value !== undefined && value !== "" && !(Array.isArray(value) && !value.length);
  const shown = (column, value) =>
    typeof value === "number" ? value.toFixed(column.digits) : filled(value) ? value : "\u2013";

  function image(picture, name, className) {
    const made = element("img", className);
    made.loading = "lazy";
    made.decoding = "async";
    made.width = picture.width;
    made.height = picture.height;
    made.alt = `${visible(name)}, ${picture.label}`;
    made.draggable = false;
    made.src = picture.src;
    return made;
  }

  function frame(row) {
    const box = element("div", "frame");
    const [first, second] = row.pictures;
    if (!first) {
      box.textContent = "no picture";
      return box;
    }
    const pair = element("div", "pair");
    pair.style.setProperty("aspect-ratio", `${first.width} / ${first.height}`);
    pair.classList.toggle("wide", first.width / first.height >= 1.5);
    pair.append(image(first, row.name, "first"));
    if (second) {
      const slider = element("input");
      slider.type = "range";
      slider.min = 0;
      slider.max = 100;
      slider.value = 50;
      slider.setAttribute("aria-label", `${visible(row.name)}: where ${first.label} ends and ${second.label} begins`);
      const move = () => {
        pair.style.setProperty("--at", `${slider.value}%`);
        slider.setAttribute("aria-valuetext", `${slider.value} % ${first.label}`);
      };
      slider.addEventListener("input", move);
      move();
      pair.append(image(second, row.name, "second"), element("span", "line"),
        element("span", "label one", first.label), element("span", "label two", second.label), slider);
    }
    box.append(pair);
    return box;
  }

  function value(column, given) {
    const line = element("div");
    const title = element("dt", "", column.label);
    if (column.help) title.title = column.help;
    line.append(title);
    if (column.kind === "share" && typeof given === "number") {
      const bar = element("dd", "bar"), fill = element("span", "fill");
      const part = (x) => `${100 * Math.min(1, Math.max(0, (x - column.low) / (column.high - column.low)))}%`;
      fill.style.setProperty("--part", part(given));
      bar.append(fill);
      bar.setAttribute("aria-hidden", "true");
      if (column.mark !== null) {
        const tick = element("span", "tick");
        tick.style.setProperty("--mark-at", part(column.mark));
        tick.title = `threshold ${column.mark}`;
        bar.append(tick);
        line.classList.toggle("over", given >= column.mark);
      }
      line.append(bar, element("dd", "", shown(column, given)));
    } else if (column.kind === "tags") {
      const several = element("dd", "wide tags");
      for (const one of given) several.append(element("span", "", one));
      line.append(several);
    } else {
      line.append(element("dd", "wide", shown(column, given)));
    }
    return line;
  }

  const stateOf = (row) =>
    stateColumn?.states.find((one) => one.key === row.cells[stateColumn.key]);

  function card(row) {
    const made = element("li", "card"), body = element("div", "body"), head = element("div", "head");
    head.append(named("h2", "", row.name));
    const state = stateOf(row);
    if (state) head.append(element("span", `state ${state.tone}`, state.label));
    body.append(head);
    const values = element("dl", "values"), sentences = [];
    for (const column of data.columns) {
      const given = row.cells[column.key];
      if (column.kind === "state" || !filled(given)) continue;
      if (column.kind === "text") sentences.push(element("p", "sentence", `${column.label}: ${given}`));
      else values.append(value(column, given));
    }
    if (values.children.length) body.append(values);
    body.append(...sentences);
    if (row.notes.length) {
      const notes = element("ul", `notes ${state?.tone === "bad" ? "bad" : "plain"}`);
      for (const note of row.notes) notes.append(element("li", "", note));
      body.append(notes);
    }
    for (const figure of row.figures) {
      const folded = element("details", "figure");
      folded.append(element("summary", "", figure.label), image(figure, row.name, ""));
      folded.addEventListener("toggle", () => made.classList.toggle("opened", made.querySelector("details[open]") !== null));
      body.append(folded);
    }
    made.append(frame(row), body);
    return made;
  }

  const names = new Intl.Collator(undefined, { numeric: true });
  const items = data.rows.map((row, index) => ({
    row, index, card: card(row),
    text: [row.name, ...row.notes, ...Object.values(row.cells).flat()].join("\n").toLowerCase(),
  }));

  // -- order ------------------------------------------------------------------------------
  let descending = data.sort !== "" && data.descending;
  const choices = [...data.columns.filter((column) => column.sortable && column.kind !== "tags" && column.kind !== "text"),
    { key: "", label: "name", kind: "name" }];
  for (const column of choices) {
    const option = element("option", "", column.label);
    option.value = column.key;
    order.append(option);
  }
  order.value = data.sort;

  function compare(a, b) {
    const column = choices.find((one) => one.key === order.value);
    const sign = descending ? -1 : 1;
    let found = 0;
    if (column.kind === "name") {
      found = sign * names.compare(a.row.name, b.row.name);
    } else {
      const [x, y] = [a, b].map((one) => one.row.cells[column.key]);
      if (filled(x) !== filled(y)) return filled(x) ? -1 : 1;  // what is unknown comes last
      if (filled(x)) {
        const place = (key) => column.states.findIndex((one) => one.key === key);
        found = column.kind === "state" ? -sign * (place(x) - place(y)) : sign * (x - y);
      }
    }
    return found || names.compare(a.row.name, b.row.name) || a.index - b.index;
  }

  function arrange() {
    by("direction").textContent = descending ? "\u2193 highest first" : "\u2191 lowest first";
    if (order.value === "") by("direction").textContent = descending ? "\u2193 Z to A" : "\u2191 A to Z";
    by("direction").setAttribute("aria-pressed", String(descending));
    items.sort(compare);
    cards.append(...items.map((one) => one.card));
  }

  // -- filters ----------------------------------------------------------------------------
  const wanted = new Set();
  if (stateColumn) {
    for (const state of stateColumn.states) {
      const count = data.rows.filter((row) => row.cells[stateColumn.key] === state.key).length;
      if (!count) continue;
      wanted.add(state.key);
      const chip = element("label", "chip"), box = element("input");
      box.type = "checkbox";
      box.checked = true;
      box.addEventListener("change", () => {
        if (box.checked) wanted.add(state.key); else wanted.delete(state.key);
        filter();
      });
      chip.append(box, element("span", state.tone, `${state.label} ${count}`));
      by("states").append(chip);
    }
  }

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const one of items) {
      const fits = (!stateColumn || wanted.has(one.row.cells[stateColumn.key]))
        && words.every((word) => one.text.includes(word));
      one.card.hidden = !fits;
      count += fits;
    }
    const unit = data.unit[items.length === 1 ? 0 : 1];
    by("count").textContent = count === items.length ? `${count} ${unit}` : `${count} of ${items.length} ${unit}`;
    by("nothing").hidden = count > 0;
  }

  search.addEventListener("input", filter);
  order.addEventListener("change", () => {
    descending = order.value !== "";
    arrange();
  });
  by("direction").addEventListener("click", () => {
    descending = !descending;
    arrange();
  });
  by("controls").addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
      event.preventDefault();
      search.focus();
    }
  });
  by("controls").hidden = false;
  arrange();
  filter();
})();
