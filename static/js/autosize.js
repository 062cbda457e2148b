// textarea[data-autosize] grows with its text up to its max-height.
// Browsers with `field-sizing: content` do this in CSS (see .textarea in the stylesheet).
const isNeeded = !CSS.supports("field-sizing", "content");

function fit(area) {
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight + area.offsetHeight - area.clientHeight}px`;
}

if (isNeeded) {
  document.addEventListener("input", (event) => {
    if (event.target.matches("textarea[data-autosize]")) fit(event.target);
  });
  document.querySelectorAll("textarea[data-autosize]").forEach(fit);
}
