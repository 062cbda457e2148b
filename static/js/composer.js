// The composer: Enter sends, the length is limited, and input is never lost. The input is a draft of its conversation
// (form[data-composer][data-draft]) until the server has accepted it; all tabs of a conversation show the same draft.
import { announce } from "./live.js";
import { debounce, drop, isErrorPage, onChangeInOtherTab, places, read, write } from "./drafts.js";

// Share of the limit from which the counter is shown.
const COUNTER_SHARE = 0.9;
// Safari fires compositionend before the keydown of the Enter that ended the composition.
const AFTER_COMPOSITION_MS = 50;
let composedAt = -Infinity;

const areaOf = (form) => form.querySelector("textarea[name=text]");
const composerOf = (element) => element.closest?.("form[data-composer]");
const normalize = (text) => text.replaceAll("\r\n", "\n").trim();
// In code points, as the server counts.
const lengthOf = (text) => [...normalize(text)].length;

function setText(area, text) {
  area.value = text;
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

// -- the limit

// Updates the counter; returns whether the text is too long. `announceExcess`: also tell screen readers.
function checkLength(form, announceExcess = false) {
  const area = areaOf(form);
  const counter = form.querySelector("[data-counter]");
  const limit = Number(area.dataset.limit);
  const length = area.value.length < limit * COUNTER_SHARE ? 0 : lengthOf(area.value);
  const isOver = length > limit;
  const numbers = new Intl.NumberFormat(document.documentElement.lang);
  const template = isOver ? counter.dataset.over : counter.dataset.near;
  const text = template.replace("{count}", numbers.format(length)).replace("{most}", numbers.format(limit));
  counter.hidden = length < limit * COUNTER_SHARE;
  counter.classList.toggle("text-error", isOver);
  counter.textContent = counter.hidden ? "" : text;
  if (isOver) area.setAttribute("aria-invalid", "true");
  else area.removeAttribute("aria-invalid");
  if (isOver && announceExcess) {
    announce(text);
    area.focus();
  }
  return isOver;
}

// -- drafts

const savers = new WeakMap();
// Form -> text that was sent and is not yet accepted, with the number of equal questions on the page before (`heard`).
const sent = new WeakMap();

const assistantOf = (form) => form.querySelector("[name=assistant]:checked")?.value;

function saveDraft(form) {
  const place = form.dataset.draft;
  const text = areaOf(form).value;
  const waiting = sent.get(form);
  if (text.trim() || waiting) write(place, { text, waiting: waiting?.text, heard: waiting?.heard, assistant: assistantOf(form) });
  else drop(place);
}

function saveDraftLater(form) {
  if (!savers.has(form)) savers.set(form, debounce(() => saveDraft(form)));
  savers.get(form)();
}

const join = (first, second) => [first, second].filter((text) => text?.trim()).join("\n\n");
const questions = () => [...document.querySelectorAll("article[data-role=user]")].map((article) => normalize(article.querySelector("p")?.textContent ?? ""));

const occurrences = (text) => questions().filter((question) => question === normalize(text)).length;
// The same question may have been asked before: a new one has arrived if it occurs once more.
const hasArrived = (draft) => occurrences(draft.waiting) > (draft.heard ?? 0);

function restoreDraft(form) {
  const draft = read(form.dataset.draft);
  const area = areaOf(form);
  // A page with a refusal already shows the input, which takes precedence.
  if (!draft || area.value.trim()) return saveDraft(form);
  const waiting = draft.waiting && hasArrived(draft) ? "" : draft.waiting;
  const text = join(waiting, draft.text);
  if (!text) return drop(form.dataset.draft);
  area.value = text;
  const assistant = form.querySelector(`[name=assistant][value="${CSS.escape(draft.assistant ?? "")}"]`);
  if (assistant && !new URLSearchParams(location.search).has("assistant")) assistant.checked = true;
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

const initialized = new WeakSet();
function initializeForms() {
  for (const form of document.querySelectorAll("form[data-composer][data-draft]")) {
    if (initialized.has(form)) continue;
    initialized.add(form);
    restoreDraft(form);
    checkLength(form);
  }
}

// A first question is sent as a plain form and leads to its conversation: its draft is deleted once it is shown there.
function dropArrivedDrafts() {
  if (isErrorPage()) return;
  for (const place of places()) {
    const draft = read(place);
    if (!draft?.waiting || !hasArrived(draft)) continue;
    if (draft.text?.trim()) write(place, { ...draft, waiting: "" });
    else drop(place);
  }
}

onChangeInOtherTab((place, draft) => {
  for (const form of document.querySelectorAll("form[data-composer][data-draft]")) {
    if (form.dataset.draft !== place || sent.has(form)) continue;
    const area = areaOf(form);
    const text = draft?.text ?? "";
    // No input event: the other tab has saved the draft.
    if (area.value !== text) area.value = text;
    checkLength(form);
  }
});

// -- typing and sending

document.addEventListener("compositionend", (event) => (composedAt = event.timeStamp));
document.addEventListener("input", (event) => {
  const form = composerOf(event.target);
  if (!form || event.target !== areaOf(form)) return;
  checkLength(form);
  form.querySelector("[data-wait]").hidden = true;
  if (form.dataset.draft) saveDraftLater(form);
});

const isComposing = (event) => event.isComposing || event.keyCode === 229 || event.timeStamp - composedAt < AFTER_COMPOSITION_MS;

document.addEventListener("keydown", (event) => {
  const form = composerOf(event.target);
  if (!form || event.target !== areaOf(form) || event.key !== "Enter" || event.shiftKey || isComposing(event)) return;
  event.preventDefault();
  if (!event.target.value.trim()) return;
  // No new question while an answer is streaming.
  if (document.querySelector("[data-stop-url]") || sent.has(form)) showWaitNotice(form);
  else form.requestSubmit();
});

function showWaitNotice(form) {
  const notice = form.querySelector("[data-wait]");
  notice.hidden = false;
  announce(notice.textContent);
}

// In the capture phase, before htmx, which listens on the form.
document.addEventListener(
  "submit",
  (event) => {
    const form = composerOf(event.target);
    if (!form || !checkLength(form, true)) return;
    event.preventDefault();
    event.stopPropagation();
  },
  true,
);

// A plain form leaves the page: its text stays a draft until the next page shows it.
document.addEventListener("submit", (event) => {
  const form = composerOf(event.target);
  if (!form?.dataset.draft || event.defaultPrevented) return;
  savers.get(form)?.flush();
  const waiting = areaOf(form).value;
  write(form.dataset.draft, { text: "", waiting, heard: occurrences(waiting), assistant: assistantOf(form) });
});

// htmx has read the values, so the field can be cleared.
document.addEventListener("htmx:beforeSend", (event) => {
  const form = event.detail.elt;
  if (!form.matches?.("form[data-composer]")) return;
  const text = areaOf(form).value;
  sent.set(form, { text, heard: occurrences(text) });
  setText(areaOf(form), "");
  savers.get(form)?.flush();
});

document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.detail.elt;
  if (!form.matches?.("form[data-composer]") || !sent.has(form)) return;
  const area = areaOf(form);
  // htmx treats a refusal that is swapped in as successful, so the status decides.
  const isAccepted = event.detail.successful && event.detail.xhr.status < 400;
  const sentText = sent.get(form).text;
  sent.delete(form);
  if (isAccepted) {
    document.getElementById("refusal")?.replaceChildren();
    if (form.contains(document.activeElement) || document.activeElement === document.body) area.focus();
  } else {
    setText(area, join(sentText, area.value));
    area.focus();
  }
  if (form.dataset.draft) saveDraft(form);
});

document.addEventListener("click", (event) => {
  const starter = event.target.closest("[data-starter]");
  if (!starter) return;
  const area = document.querySelector("[data-composer] textarea");
  setText(area, starter.dataset.starter);
  area.focus();
});

// The message of a refusal is shown above the composer, which keeps its input.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig } = event.detail;
  const form = requestConfig.elt.closest("form");
  if (!form || !document.getElementById("refusal") || xhr.status < 400 || !xhr.responseText.includes("data-refusal")) return;
  event.detail.shouldSwap = true;
  event.detail.isError = false;
  event.detail.target = document.getElementById("refusal");
  event.detail.swapOverride = "innerHTML";
});

document.addEventListener("htmx:afterSettle", initializeForms);
// In a page restored from the browser's cache, the draft may have been sent by another tab.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-composer][data-draft]")) {
    areaOf(form).value = read(form.dataset.draft)?.text ?? "";
    checkLength(form);
  }
});
dropArrivedDrafts();
initializeForms();
