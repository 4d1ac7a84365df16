// The line under “Suggestions” that says why there are none, or what to know about them.

const ABSTAINED = {
  below_threshold: () => gettext("Nothing is likely enough to be suggested. The less likely tags are below."),
  no_recommendable_tags: () => gettext("No tag of this vocabulary can be recommended. Search for one."),
  empty_text: () => gettext("Write or paste a text; suggestions come by themselves."),
};

/** Write the line for the editor's present state. */
export function showState(editor) {
  const line = document.getElementById("suggestions-state");
  const sentence = sentenceFor(editor);
  if (line.textContent !== sentence) line.textContent = sentence;
  line.hidden = !sentence;
  const version = editor.answer?.model_version;
  document.getElementById("model").textContent = version ? interpolate(gettext("Model %s"), [version]) : "";
}

function sentenceFor({ text, answer, progress }) {
  if (text.empty) return ABSTAINED.empty_text();
  if (!answer) return progress.ready === false ? gettext("Suggestions are not available yet.") : "";
  if (answer.abstained) return (ABSTAINED[answer.abstain_reason] || ABSTAINED.below_threshold)();
  if (answer.truncated) return gettext("The text is very long: its beginning and its end were read.");
  return answer.degraded ? gettext("An earlier model answered, because the newest one could not be loaded.") : "";
}
