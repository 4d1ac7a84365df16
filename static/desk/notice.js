// One calm line above the tags: what was done, what is in the way, what can be done about it.

import { announce } from "./announce.js";
import { element, icon } from "./dom.js";

export class Notice {
  constructor() {
    this.box = document.getElementById("notice");
    this.key = null;
  }

  /** `key` names the reason, so that it can be cleared when it is gone; `actions` are `[label, function or address]`. */
  show(key, sentence, { tone = "plain", actions = [] } = {}) {
    this.key = key;
    this.box.dataset.tone = tone;
    this.box.replaceChildren(
      element("p", {}, sentence),
      ...actions.map(([label, target]) => action(label, target)),
      this.#closeButton(),
    );
    this.box.hidden = false;
    announce(sentence);
  }

  /** Take the line away; with `key`, only that one. */
  clear(key = this.key) {
    if (key !== this.key) return;
    if (this.box.contains(document.activeElement)) document.getElementById("search").focus();
    this.box.hidden = true;
    this.key = null;
  }

  #closeButton() {
    const name = gettext("Close");
    const properties = { type: "button", className: "round", title: name, "aria-label": name, onclick: () => this.clear() };
    return element("button", properties, icon("reject"));
  }
}

function action(label, target) {
  if (typeof target === "string") return element("a", { href: target, className: "notice-action", target: "_blank" }, label);
  return element("button", { type: "button", className: "notice-action", onclick: target }, label);
}
