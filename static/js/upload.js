// form[data-upload]: sends its files with a bar that shows how far it is. Without JavaScript it is a plain form.
//   [data-upload-progress]  <progress>, hidden until sending
//   [data-upload-status]    says how far in words (data-sending="Envoi : {percent} %", data-failed="…")
//   [data-dropzone]         files dropped on it go into the form's file input, which sends at once when
//                           the form has data-upload="auto"
import { announce } from "./live.js";

function say(form, text) {
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
  const words = form.querySelector("[data-upload-status]")?.dataset.sending;
  if (words) say(form, words.replace("{percent}", percent));
}

// The answer's page takes the place of ours without being asked for again: its messages are shown only once.
function show(form, xhr) {
  const answer = new DOMParser().parseFromString(xhr.responseText, "text/html");
  // A page that stands alone (too large, busy) takes no place of ours: its words are said here.
  if (!answer.getElementById("content")) return fail(form, answer.querySelector("main p")?.textContent.trim());
  for (const id of ["content", "toasts"]) {
    const fresh = answer.getElementById(id);
    if (fresh) document.getElementById(id)?.replaceChildren(...fresh.childNodes);
  }
  document.title = answer.title || document.title;
  if (xhr.responseURL !== location.href) history.pushState({}, "", xhr.responseURL);
  window.htmx?.process(document.getElementById("content"));
  document.getElementById("content")?.focus();
  announce(document.title);
}

function fail(form, text = "") {
  const words = text || (form.querySelector("[data-upload-status]")?.dataset.failed ?? "");
  say(form, words);
  announce(words);
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
  xhr.addEventListener("load", () => show(form, xhr));
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
