// textarea[data-autosize] grows with its text, up to the max-height its classes give.
// Browsers with `field-sizing: content` need none of this (see .textarea in the stylesheet).
const needed = !CSS.supports("field-sizing", "content");

function fit(area) {
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight + area.offsetHeight - area.clientHeight}px`;
}

if (needed) {
  document.addEventListener("input", (event) => {
    if (event.target.matches("textarea[data-autosize]")) fit(event.target);
  });
  document.querySelectorAll("textarea[data-autosize]").forEach(fit);
}
