// The list of suggestions: rows that stay where they are once decided, and the folded less likely ones.

import { element, icon, pathAbove } from "./dom.js";
import { placesOf, showMoves } from "./moving.js";

const WORDS = {
  high: () => pgettext("confidence", "high"),
  medium: () => pgettext("confidence", "medium"),
  low: () => pgettext("confidence", "low"),
};
export const TRIAL = "exploration";
const STEPS = { high: 3, medium: 2, low: 1 };

export class SuggestionList {
  /** `act(name, row)` carries out “accept”, “reject” or “why”; `unfolded()` hears that the group was opened. */
  constructor({ act, unfolded }) {
    this.act = act;
    this.likely = document.getElementById("likely");
    this.less = document.getElementById("less-likely");
    this.group = document.getElementById("less-likely-group");
    this.summary = document.getElementById("less-likely-summary");
    this.rows = [];
    this.current = null;
    this.group.addEventListener("toggle", () => {
      this.#roving();
      if (this.group.open) unfolded();
    });
    for (const list of [this.likely, this.less]) {
      list.addEventListener("focusin", (event) => this.#follow(event));
    }
  }

  /** Draw rows that have changed places, and show which. */
  redraw(...drawn) {
    const lists = [this.likely, this.less];
    const before = placesOf(lists);
    this.draw(...drawn);
    showMoves(lists, before);
  }

  /** The tag of the row that has the focus, which must not move away under it; null where none has. */
  get focusedTag() {
    return document.activeElement?.closest?.(".suggestion")?.dataset.tag ?? null;
  }

  /** Draw the rows; `stateOf(id)` says what was decided, `reasonOf(id)` gives an open panel or null. */
  draw(rows, stateOf, reasonOf) {
    const focused = this.#focusedPart();
    this.rows = rows;
    const likely = rows.filter((row) => row.above_threshold);
    const less = rows.filter((row) => !row.above_threshold);
    const make = (row, number) => this.#row(row, number, stateOf(row.tag.id), reasonOf(row.tag.id));
    this.likely.replaceChildren(...likely.map((row, index) => make(row, index + 1)));
    this.less.replaceChildren(...less.map((row, index) => make(row, likely.length + index + 1)));
    this.group.hidden = less.length === 0;
    this.summary.textContent = interpolate(ngettext("%s less likely", "%s less likely", less.length), [less.length]);
    this.#restore(focused);
  }

  /** The row that stands at `number` (1…), if it can be seen. */
  rowAt(number) {
    return this.#visible()[number - 1] || null;
  }

  /** The row that has the focus, else the one that had it last. */
  get currentRow() {
    return this.rows.find((row) => row.tag.id === this.current) || null;
  }

  /** Whether the focus is on a row. */
  get focused() {
    return Boolean(document.activeElement?.closest(".suggestion"));
  }

  /** Move the focus by `step` rows; from nowhere, to the first. */
  move(step) {
    const visible = this.#visible();
    const place = visible.findIndex((row) => row.tag.id === this.current);
    if (place + step >= visible.length && !this.group.hidden && !this.group.open) return void this.summary.focus();
    if (document.activeElement === this.summary) return void this.#leaveSummary(step);
    const next = place < 0 ? 0 : Math.min(Math.max(place + step, 0), visible.length - 1);
    this.focus(visible[next]);
  }

  /** From the line that unfolds the group: down into it, or up to the last likely row. */
  #leaveSummary(step) {
    const split = this.rows.filter((row) => row.above_threshold).length;
    const target = this.#visible()[step > 0 ? split : split - 1];
    if (target) this.focus(target);
  }

  moveTo(end) {
    const visible = this.#visible();
    this.focus(end === "first" ? visible[0] : visible[visible.length - 1]);
  }

  focus(row = this.currentRow || this.#visible()[0]) {
    if (!row) this.summary.focus();
    if (!row) return !this.group.hidden;
    this.current = row.tag.id;
    this.#roving();
    this.#button(row.tag.id, "accept")?.focus();
    return true;
  }

  #visible() {
    return this.rows.filter((row) => row.above_threshold || this.group.open);
  }

  #button(id, part) {
    return document.querySelector(`.suggestion[data-tag="${CSS.escape(id)}"] [data-part="${part}"]`);
  }

  #follow(event) {
    const item = event.target.closest(".suggestion");
    if (!item) return;
    this.current = item.dataset.tag;
    this.#roving();
  }

  /** Only the buttons of one row are reached by Tab. */
  #roving() {
    const visible = this.#visible();
    if (!visible.some((row) => row.tag.id === this.current)) this.current = visible[0]?.tag.id ?? null;
    for (const item of document.querySelectorAll(".suggestion")) {
      const here = item.dataset.tag === this.current;
      for (const button of item.querySelectorAll("[data-part]")) button.tabIndex = here ? 0 : -1;
    }
  }

  #focusedPart() {
    const active = document.activeElement;
    const item = active?.closest?.(".suggestion");
    if (!item) return null;
    const place = [...document.querySelectorAll(".suggestion")].indexOf(item);
    return { id: item.dataset.tag, part: active.dataset.part || "accept", place };
  }

  #restore(focused) {
    this.#roving();
    if (!focused) return;
    const same = this.#button(focused.id, focused.part);
    if (same) return same.focus({ preventScroll: true });
    const visible = this.#visible();
    const near = visible[Math.min(focused.place, visible.length - 1)];
    if (!this.focus(near)) document.getElementById("search").focus();
  }

  #row(row, number, state, reason) {
    const { tag } = row;
    return element(
      "li",
      { className: "suggestion", "data-tag": tag.id, "data-state": state },
      element("div", { className: "suggestion-line" }, this.#accept(row, number, state), ...this.#others(row, state, reason)),
      reason,
    );
  }

  #accept(row, number, state) {
    const { tag } = row;
    const above = pathAbove(tag);
    return element(
      "button",
      {
        type: "button",
        className: "suggestion-main",
        "data-part": "accept",
        "aria-pressed": String(state === "chosen"),
        "aria-keyshortcuts": number <= 9 ? String(number) : null,
        onclick: () => this.act("accept", row),
      },
      element("span", { className: "suggestion-key", "aria-hidden": "true" }, state === "chosen" ? icon("accept") : keyOf(number)),
      element(
        "span",
        { className: "suggestion-name" },
        element("span", { className: "suggestion-label" }, tag.label),
        row.origin === TRIAL && trialMark(),
        above && element("span", { className: "suggestion-path" }, above),
        state === "rejected" && element("span", { className: "visually-hidden" }, gettext("rejected")),
      ),
      confidence(row),
    );
  }

  #others(row, state, reason) {
    const button = (part, name, pressed) =>
      element(
        "button",
        {
          type: "button",
          className: `round ${part}`,
          "data-part": part,
          title: name,
          "aria-label": `${name}: ${row.tag.label}`,
          ...pressed,
          onclick: () => this.act(part, row),
        },
        icon(part),
      );
    return [
      button("reject", state === "rejected" ? gettext("Take the rejection back") : gettext("Reject"), {
        "aria-pressed": String(state === "rejected"),
      }),
      button("why", gettext("Why?"), { "aria-expanded": String(Boolean(reason)) }),
    ];
  }
}

/** Says that the tag is here to be learnt about, not because the model is sure of it. */
function trialMark() {
  const why = gettext("Little is known of this tag yet: whether you accept or reject it teaches the model.");
  return element("span", { className: "suggestion-trial", title: why }, gettext("trying out"));
}

function keyOf(number) {
  return number <= 9 ? String(number) : "";
}

function confidence(row) {
  const percent = new Intl.NumberFormat(document.documentElement.lang, { style: "percent" }).format(row.probability);
  const word = WORDS[row.confidence]?.() ?? row.confidence;
  const steps = [1, 2, 3].map((step) =>
    element("span", { className: "step", "data-on": step <= (STEPS[row.confidence] || 0) ? "yes" : "no" }),
  );
  return element(
    "span",
    { className: "confidence", title: interpolate(gettext("Probability %s"), [percent]) },
    element("span", { className: "steps", "aria-hidden": "true" }, steps),
    element("span", { className: "visually-hidden" }, gettext("Confidence:"), " "),
    element("span", { className: "word" }, word),
  );
}
