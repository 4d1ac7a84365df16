// Building elements without markup in strings.

/** An element with properties, `data-` and `aria-` attributes, and children (texts are escaped by nature). */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key in made && !key.includes("-") && key !== "list") made[key] = value;
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

const SHAPES = {
  accept: "M3.5 8.5 6.5 11.5 12.5 4.5",
  reject: "M4 4 12 12 M12 4 4 12",
  why: "M6 6.2a2 2 0 1 1 2.9 1.8c-.6.3-.9.7-.9 1.4 M8 11.8v.1",
  add: "M8 3.5v9 M3.5 8h9",
};

/** A small line drawing that says nothing to screen readers; the button around it has the name. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

/** True while an input method composes: no key means anything but text then. */
export function composing(event) {
  return event.isComposing || event.keyCode === 229;
}

/** Whether letters go into a field when typed here. */
export function takesText(target) {
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
}

/** `action`, carried out once before the next frame, however often it is called until then. */
export function oncePerFrame(action) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      action();
    });
  };
}

/** Where a tag stands, its own label left out: “Science › Physics”. */
export function pathAbove(tag) {
  return tag.path.slice(0, -1).join(" › ");
}
