// What has been decided on the tags of one text: pure state, no page.

const STEPS_KEPT = 50;

/** Chosen and rejected tags, and the suggestions between them; every change can be undone step by step. */
export class Decisions {
  constructor({ one = false } = {}) {
    this.one = one;
    this.chosen = [];
    this.rejected = [];
    this.rows = [];
    this.past = [];
    this.held = null;
  }

  /** “chosen”, “rejected” or “open”. */
  stateOf(id) {
    if (this.chosen.some((entry) => entry.tag.id === id)) return "chosen";
    return this.rejected.some((tag) => tag.id === id) ? "rejected" : "open";
  }

  /** Put the tag on the text, or take it off when it stands there. `how`: suggested or added. */
  toggleChosen(tag, how) {
    const chosen = this.stateOf(tag.id) === "chosen";
    this.#remember(chosen ? "remove" : "accept", tag);
    const others = this.chosen.filter((entry) => entry.tag.id !== tag.id);
    const kept = this.one && !chosen ? [] : others;
    this.chosen = chosen ? kept : [...kept, { tag, how }];
    this.rejected = this.rejected.filter((other) => other.id !== tag.id);
  }

  /** Say that the tag is wrong for the text, or take that back. */
  toggleRejected(tag) {
    const rejected = this.stateOf(tag.id) === "rejected";
    this.#remember(rejected ? "reopen" : "reject", tag);
    this.chosen = this.chosen.filter((entry) => entry.tag.id !== tag.id);
    const others = this.rejected.filter((other) => other.id !== tag.id);
    this.rejected = rejected ? others : [...others, tag];
  }

  /** Go back one step; returns what was undone, or null. */
  undo() {
    const step = this.past.pop();
    if (!step) return null;
    this.chosen = step.chosen;
    this.rejected = step.rejected;
    return step;
  }

  /** The rows on which nothing has been decided. */
  get open() {
    return this.rows.filter((row) => this.stateOf(row.tag.id) === "open");
  }

  /** Take in a new answer: decided rows and the row `held` keep their place, the others are filled anew in its order. */
  receive(suggestions, held = null) {
    this.held = suggestions.some((row) => row.tag.id === held) ? held : null;
    const likely = suggestions.filter((row) => row.above_threshold);
    const less = suggestions.filter((row) => !row.above_threshold);
    const before = (above) => this.rows.filter((row) => row.above_threshold === above);
    const kept = new Set(this.rows.map((row) => row.tag.id).filter((id) => this.#keepsItsPlace(id)));
    const fresh = (rows) => rows.filter((row) => !kept.has(row.tag.id));
    this.rows = [
      ...this.#merge(before(true), fresh(likely)),
      ...this.#merge(before(false), fresh(less)),
    ];
  }

  #merge(before, fresh) {
    const places = before.map((row) => (this.#keepsItsPlace(row.tag.id) ? row : null));
    const queue = [...fresh];
    const merged = [];
    for (const place of places) {
      if (place) merged.push(place);
      else if (queue.length) merged.push(queue.shift());
    }
    return [...merged, ...queue];
  }

  #keepsItsPlace(id) {
    return id === this.held || this.stateOf(id) !== "open";
  }

  #remember(kind, tag) {
    const step = { kind, label: tag.label, chosen: this.chosen, rejected: this.rejected };
    this.past = [...this.past.slice(1 - STEPS_KEPT), step];
  }

  /** For the draft. */
  toJSON() {
    const { chosen, rejected, rows, past } = this;
    return { chosen, rejected, rows, past };
  }

  restore({ chosen = [], rejected = [], rows = [], past = [] }) {
    Object.assign(this, { chosen, rejected, rows, past });
  }
}
