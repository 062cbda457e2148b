// A form that was sent is not sent twice by a double click. Forms sent by htmx are htmx's business.
// form[data-submit-many] opts out.
const PATIENCE = 8000;

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
  // An answer that is a download leaves the page where it was.
  setTimeout(() => release(form), PATIENCE);
});

// Back from the browser's page cache: the form is as it was left.
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-busy]").forEach(release));
