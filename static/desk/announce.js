// What changed, for people who do not see it: one polite live region.

const region = document.getElementById("announcer");
let timer = 0;

/** Say it once, also when it is the same sentence as before. */
export function announce(sentence) {
  region.textContent = "";
  clearTimeout(timer);
  timer = setTimeout(() => {
    region.textContent = sentence;
  }, 60);
}
