// What changed, for people who do not see it: one polite live region.

const region = document.getElementById("announcer");
const READ_MS = 1500;
let timer = 0;
let saidAt = -READ_MS;

/** Say it once, also when it is the same sentence as before. */
export function announce(sentence) {
  say(sentence, 60);
}

/** Say it when what was said last has had time to be read; whatever is announced meanwhile takes its place. */
export function announceNext(sentence) {
  say(sentence, Math.max(60, saidAt + READ_MS - performance.now()));
}

function say(sentence, wait) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    region.textContent = "";
    timer = setTimeout(() => {
      region.textContent = sentence;
    }, 60);
  }, wait - 60);
  saidAt = performance.now() + wait;
}
