// Shows only the settings of the recipe that is chosen; without this script all of them stand one below another.
(() => {
  "use strict";

  function showChosen() {
    const chosen = document.querySelector("input[name=recipe]:checked")?.value;
    document.querySelectorAll(".recipe-settings").forEach((group) => {
      group.hidden = Boolean(chosen) && !group.classList.contains(`recipe-settings-${chosen}`);
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("input[name=recipe]").forEach((input) => input.addEventListener("change", showChosen));
    showChosen();
  });
})();
