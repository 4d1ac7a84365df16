// The text being tagged: fields that grow with it, and the words that a reason points at.

import { composing, oncePerFrame } from "./dom.js";

/** A growing field: a mirror behind the textarea has the same text, gives it its height and carries the marks. */
class GrowingField {
  constructor(root) {
    this.area = root.querySelector("textarea");
    this.mirror = root.querySelector(".mirror");
    this.area.addEventListener("input", oncePerFrame(() => this.refresh()));
    this.refresh();
  }

  get value() {
    return this.area.value;
  }

  set value(text) {
    this.area.value = text;
    this.refresh();
  }

  /** The mirror as plain text; a last newline needs something behind it to take up room. */
  refresh() {
    this.mirror.textContent = `${this.area.value}\u200b`;
  }

  /** Mark the ranges `[start, end, strength]`, counted in code points; strength 0…1. */
  mark(ranges) {
    const points = Array.from(this.area.value);
    const parts = [];
    let place = 0;
    for (const [start, end, strength] of withoutOverlap(ranges)) {
      parts.push(points.slice(place, start).join(""), highlight(points.slice(start, end).join(""), strength));
      place = end;
    }
    this.mirror.replaceChildren(...parts, `${points.slice(place).join("")}\u200b`);
  }
}

function withoutOverlap(ranges) {
  const kept = [];
  for (const range of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (!kept.length || range[0] >= kept[kept.length - 1][1]) kept.push(range);
  }
  return kept;
}

function highlight(text, strength) {
  const mark = document.createElement("mark");
  mark.textContent = text;
  mark.dataset.strength = strength > 0.66 ? "3" : strength > 0.33 ? "2" : "1";
  return mark;
}

/** Title and body together. */
export class Text {
  constructor() {
    this.title = new GrowingField(document.getElementById("title-field"));
    this.body = new GrowingField(document.getElementById("body-field"));
    this.count = document.getElementById("word-count");
    this.onEdit(oncePerFrame(() => this.showCount()));
    this.title.area.addEventListener("keydown", (event) => this.#leaveTitle(event));
    this.showCount();
  }

  /** A title has one line: Enter goes on to the text. */
  #leaveTitle(event) {
    if (event.key !== "Enter" || composing(event) || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.body.area.focus();
  }

  get content() {
    return { title: this.title.value.trim(), text: this.body.value.trim() ? this.body.value : "" };
  }

  get empty() {
    return !this.title.value.trim() && !this.body.value.trim();
  }

  fill({ title, text }) {
    this.title.value = title;
    this.body.value = text;
    this.showCount();
  }

  /** Call `listener` after every change; a text that is being composed is not finished. */
  onEdit(listener) {
    for (const { area } of [this.title, this.body]) {
      area.addEventListener("input", (event) => event.isComposing || listener());
      area.addEventListener("compositionend", () => listener());
    }
  }

  showCount() {
    const text = `${this.title.value} ${this.body.value}`;
    const words = countWords(text);
    this.count.textContent = interpolate(ngettext("%s word", "%s words", words), [words.toLocaleString()]);
  }

  /** Mark the evidence in both fields: `[{field, start, end, contribution}]`. */
  mark(evidence) {
    const strongest = Math.max(...evidence.map((piece) => Math.abs(piece.contribution)), 1e-9);
    const ranges = (names) =>
      evidence
        .filter((piece) => names.includes(piece.field) && piece.contribution > 0)
        .map((piece) => [piece.start, piece.end, piece.contribution / strongest]);
    this.title.mark(ranges(["title"]));
    this.body.mark(ranges(["body", "text"]));
  }

  unmark() {
    this.title.refresh();
    this.body.refresh();
  }
}

const HAN = /[\u3400-\u9fff\uf900-\ufaff]/g;

/** Words between spaces; each Chinese character counts as one. */
function countWords(text) {
  const characters = (text.match(HAN) || []).length;
  return characters + (text.replace(HAN, " ").match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu) || []).length;
}
