// Pictures of a row: one, or two to compare by a slider, and figures that wait to be opened.
let eager = false;  // while the page is printed

function image(shown, name, className) {
  const made = element("img", className);
  made.loading = eager ? "eager" : "lazy";
  made.decoding = "async";
  made.width = shown.width;
  made.height = shown.height;
  made.alt = `${visible(name)}, ${visible(shown.label)}`;
  made.draggable = false;
  made.src = shown.src;
  return made;
}

// Nothing on a page where no row has a picture.
function frame(row, compared = true) {
  if (!pictured) return "";
  const box = element("div", "frame"), name = data.names[row];
  const [first, second] = picturesOf(row);
  if (!first) {
    box.textContent = "no picture";
    return box;
  }
  const pair = element("div", "pair");
  pair.style.setProperty("aspect-ratio", `${first.width} / ${first.height}`);
  pair.style.setProperty("--aspect", first.width / first.height);
  pair.classList.toggle("wide", first.width / first.height >= 1.5);
  pair.append(image(first, name, "first"));
  if (second && compared) {
    const slider = element("input");
    slider.type = "range";
    slider.min = 0;
    slider.max = 100;
    slider.value = 50;
    slider.setAttribute("aria-label", `${visible(name)}: where ${visible(first.label)} ends and ${visible(second.label)} begins`);
    const move = () => {
      pair.style.setProperty("--at", `${slider.value}%`);
      slider.setAttribute("aria-valuetext", `${slider.value} % ${visible(first.label)}`);
    };
    slider.addEventListener("input", move);
    move();
    pair.append(image(second, name, "second"), element("span", "line"),
      element("span", "label one", first.label), element("span", "label two", second.label), slider);
  }
  box.append(pair);
  return box;
}

function figures(row) {
  return figuresOf(row).map((shown) => {
    const folded = element("details", "figure");
    folded.append(element("summary", "", shown.label));
    folded.addEventListener("toggle", () => {
      if (folded.open && !folded.querySelector("img")) folded.append(image(shown, data.names[row], ""));
      folded.closest(".card")?.classList.toggle("opened", folded.open);
    });
    return folded;
  });
}
