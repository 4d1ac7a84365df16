// The keys of the editor. Letters and digits mean something only outside of fields; nothing while an input method composes.

import { composing, takesText } from "./dom.js";

const HELD_BACK_MS = 250;

/** `editor` carries out; `list` moves; `help` is the dialog with the keys. */
export class Keys {
  constructor({ editor, list, search, help, textFields }) {
    Object.assign(this, { editor, list, search, help, textFields });
    this.changedAt = 0;
    document.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** A new answer has just been drawn: digits pressed now were meant for the old one. */
  listChanged() {
    this.changedAt = performance.now();
  }

  #onKey(event) {
    if (composing(event) || event.altKey || this.help.open) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return this.#do(event, () => this.editor.submit());
    if (event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape") return this.#escape(event);
    if (takesText(event.target)) return;
    const action = this.#anywhere(event.key) || (this.#inPanel(event.target) && this.#inList(event));
    if (action) this.#do(event, action);
  }

  #do(event, action) {
    event.preventDefault();
    action();
  }

  #inPanel(target) {
    return target === document.body || Boolean(target.closest?.("#panel"));
  }

  #anywhere(key) {
    return {
      "/": () => this.search.focus(),
      "?": () => this.help.showModal(),
      u: () => this.editor.undo(),
    }[key];
  }

  #inList(event) {
    const { key, target } = event;
    if (/^[1-9]$/.test(key)) return () => this.#acceptNth(Number(key));
    const moves = {
      ArrowDown: () => this.list.move(1),
      ArrowUp: () => this.list.move(-1),
      Home: () => this.list.moveTo("first"),
      End: () => this.list.moveTo("last"),
    };
    const onRow = {
      a: () => this.editor.act("accept", this.list.currentRow),
      x: () => this.editor.act("reject", this.list.currentRow),
      e: () => this.editor.act("why", this.list.currentRow),
    };
    if (target.closest?.(".chip")) return undefined;
    return moves[key] || (this.list.focused && onRow[key]);
  }

  #acceptNth(number) {
    if (performance.now() - this.changedAt < HELD_BACK_MS) return;
    const row = this.list.rowAt(number);
    if (row) this.editor.act("accept", row);
  }

  /** From the text to the suggestions and back; an open reason closes first. */
  #escape(event) {
    if (this.textFields.includes(event.target)) {
      if (this.list.focus()) event.preventDefault();
    } else if (!this.editor.closeReason()) {
      this.textFields[1].focus();
    }
  }
}
