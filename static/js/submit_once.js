// Prevents a double click from submitting a form twice. htmx handles its own forms.
// form[data-submit-many] opts out.
const RELEASE_MS = 8000;

function release(form) {
  delete form.dataset.busy;
  for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "dialog" || "submitMany" in form.dataset) return;
  if ("busy" in form.dataset) {
    event.preventDefault();
    return;
  }
  form.dataset.busy = "";
  event.submitter?.setAttribute("aria-busy", "true");
  // The page stays if the response is a download.
  setTimeout(() => release(form), RELEASE_MS);
});

// A page restored from the browser's cache still has its busy forms.
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-busy]").forEach(release));
