// What the replayer is made of: elements, icons, and how it writes numbers.

import { letter } from "./picture.js";

const ICONS = {
  Start: "M3 3h2v10H3zM13 3v10L6 8z",
  "Step back": "M10 3v10L3 8zM11 3h2v10h-2z",
  Play: "M4 2.5v11L13.5 8z",
  Pause: "M4 3h3v10H4zM9 3h3v10H9z",
  "Step forward": "M6 3v10l7-5zM3 3h2v10H3z",
  End: "M11 3h2v10h-2zM3 3v10l7-5z",
};

export const number = (value) => value.toLocaleString("en");
export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

// A warrior's name in running text, kept from turning the text around it.
export const named = ({ name }) => `\u2068${name}\u2069`;

export const listed = (names) => new Intl.ListFormat("en").format(names);

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function icon(name) {
  const [svg, path] = ["svg", "path"].map((tag) =>
    document.createElementNS("http://www.w3.org/2000/svg", tag),
  );
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

export function button(name, action) {
  const made = element("button", { type: "button", "aria-label": name, title: name }, icon(name));
  made.addEventListener("click", action);
  return made;
}

export const chip = (seat) =>
  element("span", { class: `replay-chip replay-seat-${seat % 8}` }, letter(seat));

// A table whose head is `titles`, in a <div> of class `name`; each row begins with its heading.
export function table(name, titles, rows) {
  const head = titles.map((title) => element("th", { scope: "col" }, title));
  const made = element(
    "table",
    {},
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...rows),
  );
  return element("div", { class: name }, made);
}
