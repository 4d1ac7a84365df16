// The chosen tags as chips, each of which can be taken off again.

import { element, icon } from "./dom.js";

export class ChosenTags {
  /** `remove(tag)` takes a tag off the text. */
  constructor({ remove }) {
    this.remove = remove;
    this.list = document.getElementById("chosen");
    this.empty = document.getElementById("chosen-empty");
    this.count = document.getElementById("chosen-count");
    this.list.addEventListener("keydown", (event) => this.#onKey(event));
  }

  draw(entries) {
    const active = document.activeElement;
    const place = [...this.list.querySelectorAll("button")].indexOf(active);
    this.list.replaceChildren(...entries.map(({ tag, how }) => this.#chip(tag, how)));
    this.list.hidden = entries.length === 0;
    this.empty.hidden = entries.length > 0;
    this.count.textContent = entries.length ? String(entries.length) : "";
    if (place >= 0) this.#focusNear(place);
  }

  #chip(tag, how) {
    const name = interpolate(gettext("Take off: %s"), [tag.label]);
    return element(
      "li",
      { className: "chip", "data-how": how, title: tag.path.join(" › ") },
      element("span", { className: "chip-label" }, tag.label),
      element(
        "button",
        { type: "button", className: "chip-remove", "aria-label": name, title: name, onclick: () => this.remove(tag) },
        icon("reject"),
      ),
    );
  }

  #focusNear(place) {
    const buttons = this.list.querySelectorAll("button");
    const next = buttons[Math.min(place, buttons.length - 1)] || document.getElementById("search");
    next.focus();
  }

  #onKey(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Delete" || event.key === "Backspace") document.activeElement.click();
    if (!step) return;
    const buttons = [...this.list.querySelectorAll("button")];
    buttons[buttons.indexOf(document.activeElement) + step]?.focus();
    event.preventDefault();
  }
}
