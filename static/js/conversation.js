// The composer, and what a page does with the answers that come (stream.js). Without this file forms still work and a
// reload shows what has come.
import { announce } from "./live.js";
import { growing, listenAll, start, streams, thread } from "./stream.js";

const LOOK_EVERY = 15_000;
const toEnd = () => thread() && (thread().scrollTop = thread().scrollHeight);

// Another tab may have asked, or asked again. A tab that is looked at finds out; an answer that comes here tells by itself.
async function catchUp() {
  const box = document.getElementById("thread");
  const busy = () => document.hidden || document.querySelector(".htmx-request") || streams().length;
  if (!box || busy()) return;
  const last = box.lastElementChild;
  const shown = new URLSearchParams(last ? { last: last.id.replace("m-", ""), state: last.dataset.state } : {});
  const answer = await fetch(`${box.dataset.threadUrl}?${shown}`, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (answer?.status !== 200) return;
  const text = await answer.text();
  // What this tab has asked meanwhile brings its own articles.
  if (busy() || box.lastElementChild !== last) return;
  growing(() => box.replaceChildren(document.createRange().createContextualFragment(text)));
  window.htmx.process(box);
  listenAll();
  showButtons();
}

// While an answer comes, the composer's button stops it: it stays where it is, the text does not.
function showButtons() {
  const stop = document.querySelector("[data-stop]");
  if (!stop) return;
  stop.hidden = !document.querySelector("[data-stop-url]");
  document.querySelector("[data-send]").hidden = !stop.hidden;
}

document.addEventListener("click", (event) => {
  const stop = event.target.closest("[data-stop]");
  if (!stop) return;
  const coming = document.querySelector("[data-stop-url]");
  if (coming) window.htmx.ajax("POST", coming.dataset.stopUrl, { source: coming, swap: "none" });
});

document.addEventListener("htmx:afterSettle", showButtons);
document.addEventListener("visibilitychange", () => document.hidden || catchUp());
window.addEventListener("focus", catchUp);
setInterval(catchUp, LOOK_EVERY);

document.addEventListener("keydown", (event) => {
  const area = event.target.closest?.("[data-composer] textarea");
  if (!area || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  // While an answer comes, what is typed waits.
  if (area.value.trim() && !document.querySelector("[data-stop-url]")) area.form.requestSubmit();
});

document.addEventListener("click", (event) => {
  const starter = event.target.closest("[data-starter]");
  if (!starter) return;
  const area = document.querySelector("[data-composer] textarea");
  area.value = starter.dataset.starter;
  area.focus();
});

// A refusal brings its own words: they stand above the composer, and what was typed stays.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig } = event.detail;
  const form = requestConfig.elt.closest("form");
  if (!form || !document.getElementById("refusal") || xhr.status < 400 || !xhr.responseText.includes("data-refusal")) return;
  event.detail.shouldSwap = true;
  event.detail.isError = false;
  event.detail.target = document.getElementById("refusal");
  event.detail.swapOverride = "innerHTML";
});
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.detail.elt;
  // A refusal that is swapped in counts as successful for htmx: the status says what it was.
  if (event.detail.xhr.status >= 400 || !event.detail.successful || !form.matches?.("form[data-composer]")) return;
  document.getElementById("refusal").replaceChildren();
  form.reset();
  form.querySelector("textarea").value = "";
  form.querySelector("textarea").focus();
  toEnd();
});

toEnd();
start((article, before) => {
  showButtons();
  if (article.dataset.state !== "streaming") announce(before.dataset.said);
});
showButtons();
