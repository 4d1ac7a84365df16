// Submitting a text, going on to the next one, and taking a submission back.

import { request } from "./api.js";

const LAST = "desk-last-submission";
const RETRY_MS = 4000;

export class Submission {
  constructor({ editor, notice }) {
    this.editor = editor;
    this.notice = notice;
    this.done = false;
    this.sending = false;
    this.button = document.getElementById("submit");
  }

  /** Send the text with its decisions; the second call sends a text without any tag, after the first has asked. */
  async send() {
    const { editor } = this;
    if (this.sending || this.done) return;
    if (editor.text.empty) return this.#refuse("empty", gettext("Write a title or a text first."));
    if (!editor.decisions.chosen.length && this.notice.key !== "no-tags") {
      this.#refuse("no-tags", gettext("No tag is chosen. Submit once more to leave the text without tags."));
      return;
    }
    this.#busy(true);
    try {
      const answer = await request(editor.start.addresses.submit, { method: "POST", body: this.#body() });
      this.#leave(answer);
    } catch (error) {
      this.#busy(false);
      editor.report(error);
      if (error.status === 0) setTimeout(() => this.send(), RETRY_MS);
    }
  }

  #refuse(key, sentence) {
    this.notice.show(key, sentence, { tone: "warning" });
  }

  #busy(flag) {
    this.sending = flag;
    this.button.toggleAttribute("data-busy", flag);
  }

  #body() {
    const { start, decisions, text, answer, externalId, notShown } = this.editor;
    return {
      vocabulary: start.vocabulary.slug,
      ...text.content,
      language: start.document?.language || "",
      document: start.document?.id || null,
      external_id: start.document ? "" : externalId,
      recommendation: answer?.id || null,
      final_tags: decisions.chosen.map((entry) => entry.tag.id),
      rejected: decisions.rejected.map((tag) => tag.id),
      not_shown: notShown,
      from_queue: Boolean(start.document),
    };
  }

  /** Remember how to undo, drop the draft, and open what comes next. */
  #leave(answer) {
    const { editor } = this;
    const { chosen } = editor.decisions;
    const kept = {
      title: editor.text.title.value.trim() || editor.text.body.value.trim().slice(0, 60),
      n: chosen.length,
      document: answer.document,
      recommendation: answer.recommendation,
      address: answer.address,
      draft: editor.content,
    };
    try {
      sessionStorage.setItem(LAST, JSON.stringify(kept));
    } catch {
      sessionStorage.removeItem(LAST);
    }
    this.done = true;
    editor.draft.drop();
    window.location.assign(answer.next?.address || editor.start.addresses.editor);
  }

  /** On the next page: what was submitted, with a way back. */
  showLast() {
    const kept = JSON.parse(sessionStorage.getItem(LAST) || "null");
    if (!kept) return;
    sessionStorage.removeItem(LAST);
    const sentence = ngettext("Submitted “%s” with %s tag.", "Submitted “%s” with %s tags.", kept.n);
    this.notice.show("submitted", interpolate(sentence, [kept.title, kept.n]), {
      tone: "good",
      actions: [[gettext("Take back"), () => this.#takeBack(kept)]],
    });
  }

  async #takeBack(kept) {
    const { start } = this.editor;
    try {
      await request(start.addresses.take_back, { method: "POST", body: { recommendation: kept.recommendation } });
    } catch (error) {
      this.editor.report(error);
      return;
    }
    const key = `desk-draft:${start.user}:${start.vocabulary.slug}:${kept.document}`;
    localStorage.setItem(key, JSON.stringify({ ...kept.draft, savedAt: Date.now() }));
    this.editor.save();
    window.location.assign(kept.address);
  }
}
