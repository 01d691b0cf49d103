// Elements with text: names go in by textContent only, whatever they hold.

// Line breaks, control and direction characters of file names are made visible.
const visible = (text) => String(text).replace(
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/gu,
  (c) => (c < " " ? String.fromCharCode(0x2400 + c.charCodeAt(0)) : "\ufffd"));

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = visible(text);
  return made;
}

function button(className, text, act) {
  const made = element("button", className, text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

// A name may break behind its own marks, not in the middle of a word.
function named(tag, className, name) {
  const made = element(tag, className);
  visible(name).split(/(?<=[_\-/\\])|(?=\.)/).forEach((part, index) => {
    if (index) made.append(document.createElement("wbr"));
    made.append(part);
  });
  return made;
}
