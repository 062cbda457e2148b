// form[data-upload]: sends its files with a progress bar. Without JavaScript it is a plain form.
//   [data-upload-progress]  <progress>, hidden until sending
//   [data-upload-status]    progress as text (data-sending="Envoi : {percent} %", data-failed="…")
//   [data-dropzone]         files dropped on it go into the form's file input, which sends at once when
//                           the form has data-upload="auto"
import { announce } from "./live.js";

function setStatus(form, text) {
  const status = form.querySelector("[data-upload-status]");
  if (status) status.textContent = text;
}

function showProgress(form, event) {
  if (!event.lengthComputable) return;
  const percent = Math.round((event.loaded / event.total) * 100);
  const bar = form.querySelector("[data-upload-progress]");
  if (bar) {
    bar.hidden = false;
    bar.value = percent;
  }
  const template = form.querySelector("[data-upload-status]")?.dataset.sending;
  if (template) setStatus(form, template.replace("{percent}", percent));
}

// Shows the page of the response without a second request, because its messages are rendered only once.
function showPage(form, xhr) {
  const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
  // A page without the shell (too large, busy) is not shown: its message is.
  if (!page.getElementById("content")) return fail(form, page.querySelector("main p")?.textContent.trim());
  for (const id of ["content", "toasts"]) {
    const element = page.getElementById(id);
    if (element) document.getElementById(id)?.replaceChildren(...element.childNodes);
  }
  document.title = page.title || document.title;
  if (xhr.responseURL !== location.href) history.pushState({}, "", xhr.responseURL);
  window.htmx?.process(document.getElementById("content"));
  document.getElementById("content")?.focus();
  announce(document.title);
}

function fail(form, text = "") {
  const message = text || (form.querySelector("[data-upload-status]")?.dataset.failed ?? "");
  setStatus(form, message);
  announce(message);
  const bar = form.querySelector("[data-upload-progress]");
  if (bar) bar.hidden = true;
  delete form.dataset.sending;
}

function send(form, submitter) {
  if ("sending" in form.dataset) return;
  form.dataset.sending = "";
  const xhr = new XMLHttpRequest();
  xhr.open("POST", form.getAttribute("action") || location.href);
  xhr.upload.addEventListener("progress", (event) => showProgress(form, event));
  xhr.addEventListener("load", () => showPage(form, xhr));
  xhr.addEventListener("error", () => fail(form));
  xhr.send(new FormData(form, submitter));
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-upload]") || event.defaultPrevented) return;
  event.preventDefault();
  send(event.target, event.submitter);
});

document.addEventListener("change", (event) => {
  const form = event.target.closest('form[data-upload="auto"]');
  if (form && event.target.type === "file" && event.target.files.length) form.requestSubmit();
});

document.addEventListener("dragover", (event) => {
  const zone = event.target.closest("[data-dropzone]");
  if (!zone) return;
  event.preventDefault();
  zone.dataset.over = "";
});
document.addEventListener("dragleave", (event) => {
  const zone = event.target.closest("[data-dropzone]");
  if (zone && !zone.contains(event.relatedTarget)) delete zone.dataset.over;
});
document.addEventListener("drop", (event) => {
  const zone = event.target.closest("[data-dropzone]");
  const input = zone?.querySelector('input[type="file"]') ?? zone?.closest("form")?.querySelector('input[type="file"]');
  if (!input) return;
  event.preventDefault();
  delete zone.dataset.over;
  input.files = event.dataTransfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
});
