// The composer: Enter sends, a limit that is told, and no word lost. What is typed is a draft of its conversation
// (form[data-composer][data-draft]) until the server has taken it; all tabs of a conversation show the same draft.
import { announce } from "./live.js";
import { drop, isErrorPage, places, read, soon, whenChangedElsewhere, write } from "./drafts.js";

const NEAR = 0.9;
// Safari ends a composition before the keydown of the Enter that ended it.
const AFTER_COMPOSITION_MS = 50;
let composedAt = -Infinity;

const areaOf = (form) => form.querySelector("textarea[name=text]");
const composerOf = (element) => element.closest?.("form[data-composer]");
const plain = (text) => text.replaceAll("\r\n", "\n").trim();
// As the server counts: characters, not the halves of a pair.
const lengthOf = (text) => [...plain(text)].length;

function show(area, text) {
  area.value = text;
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

// -- the limit

function count(form, refused = false) {
  const area = areaOf(form);
  const counter = form.querySelector("[data-counter]");
  const most = Number(area.dataset.limit);
  const length = area.value.length < most * NEAR ? 0 : lengthOf(area.value);
  const isOver = length > most;
  const figures = new Intl.NumberFormat(document.documentElement.lang);
  const words = isOver ? counter.dataset.over : counter.dataset.near;
  const text = words.replace("{count}", figures.format(length)).replace("{most}", figures.format(most));
  counter.hidden = length < most * NEAR;
  counter.classList.toggle("text-error", isOver);
  counter.textContent = counter.hidden ? "" : text;
  if (isOver) area.setAttribute("aria-invalid", "true");
  else area.removeAttribute("aria-invalid");
  if (isOver && refused) {
    announce(text);
    area.focus();
  }
  return isOver;
}

// -- drafts

const saving = new WeakMap();
// What was sent and is not yet known to be taken, by form: its text, and how often it had been said before (`heard`).
const sent = new WeakMap();

const assistantOf = (form) => form.querySelector("[name=assistant]:checked")?.value;

function keep(form) {
  const place = form.dataset.draft;
  const text = areaOf(form).value;
  const waiting = sent.get(form);
  if (text.trim() || waiting) write(place, { text, waiting: waiting?.text, heard: waiting?.heard, assistant: assistantOf(form) });
  else drop(place);
}

function keepSoon(form) {
  if (!saving.has(form)) saving.set(form, soon(() => keep(form)));
  saving.get(form)();
}

const joined = (first, second) => [first, second].filter((text) => text?.trim()).join("\n\n");
const said = () => [...document.querySelectorAll("article[data-role=user]")].map((one) => plain(one.querySelector("p")?.textContent ?? ""));

const timesSaid = (text) => said().filter((one) => one === plain(text)).length;
// "Continue" may have been said before: it has arrived when it stands there once more.
const hasArrived = (draft) => timesSaid(draft.waiting) > (draft.heard ?? 0);

function takeBack(form) {
  const draft = read(form.dataset.draft);
  const area = areaOf(form);
  // A page that comes back with a refusal shows what was typed: that counts.
  if (!draft || area.value.trim()) return keep(form);
  const waiting = draft.waiting && hasArrived(draft) ? "" : draft.waiting;
  const text = joined(waiting, draft.text);
  if (!text) return drop(form.dataset.draft);
  area.value = text;
  const assistant = form.querySelector(`[name=assistant][value="${CSS.escape(draft.assistant ?? "")}"]`);
  if (assistant && !new URLSearchParams(location.search).has("assistant")) assistant.checked = true;
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

const known = new WeakSet();
function meet() {
  for (const form of document.querySelectorAll("form[data-composer][data-draft]")) {
    if (known.has(form)) continue;
    known.add(form);
    takeBack(form);
    count(form);
  }
}

// A first question sent as a plain form leads to its conversation, where it is seen.
function dropWhatIsSaid() {
  if (isErrorPage()) return;
  for (const place of places()) {
    const draft = read(place);
    if (!draft?.waiting || !hasArrived(draft)) continue;
    if (draft.text?.trim()) write(place, { ...draft, waiting: "" });
    else drop(place);
  }
}

whenChangedElsewhere((place, draft) => {
  for (const form of document.querySelectorAll("form[data-composer][data-draft]")) {
    if (form.dataset.draft !== place || sent.has(form)) continue;
    const area = areaOf(form);
    const text = draft?.text ?? "";
    // Without an event: the tab that wrote it has kept it.
    if (area.value !== text) area.value = text;
    count(form);
  }
});

// -- typing and sending

document.addEventListener("compositionend", (event) => (composedAt = event.timeStamp));
document.addEventListener("input", (event) => {
  const form = composerOf(event.target);
  if (!form || event.target !== areaOf(form)) return;
  count(form);
  form.querySelector("[data-wait]").hidden = true;
  if (form.dataset.draft) keepSoon(form);
});

const isComposing = (event) => event.isComposing || event.keyCode === 229 || event.timeStamp - composedAt < AFTER_COMPOSITION_MS;

document.addEventListener("keydown", (event) => {
  const form = composerOf(event.target);
  if (!form || event.target !== areaOf(form) || event.key !== "Enter" || event.shiftKey || isComposing(event)) return;
  event.preventDefault();
  if (!event.target.value.trim()) return;
  // While an answer comes, what is typed waits.
  if (document.querySelector("[data-stop-url]") || sent.has(form)) wait(form);
  else form.requestSubmit();
});

function wait(form) {
  const words = form.querySelector("[data-wait]");
  words.hidden = false;
  announce(words.textContent);
}

// Before htmx, which listens on the form itself.
document.addEventListener(
  "submit",
  (event) => {
    const form = composerOf(event.target);
    if (!form || !count(form, true)) return;
    event.preventDefault();
    event.stopPropagation();
  },
  true,
);

// A plain form leaves the page: what it sends waits as a draft until the page that comes shows it.
document.addEventListener("submit", (event) => {
  const form = composerOf(event.target);
  if (!form?.dataset.draft || event.defaultPrevented) return;
  saving.get(form)?.now();
  const waiting = areaOf(form).value;
  write(form.dataset.draft, { text: "", waiting, heard: timesSaid(waiting), assistant: assistantOf(form) });
});

// htmx has read the values by now: the field is free for what comes next.
document.addEventListener("htmx:beforeSend", (event) => {
  const form = event.detail.elt;
  if (!form.matches?.("form[data-composer]")) return;
  const text = areaOf(form).value;
  sent.set(form, { text, heard: timesSaid(text) });
  show(areaOf(form), "");
  saving.get(form)?.now();
});

document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.detail.elt;
  if (!form.matches?.("form[data-composer]") || !sent.has(form)) return;
  const area = areaOf(form);
  // A refusal that is swapped in counts as successful for htmx: the status says what it was.
  const taken = event.detail.successful && event.detail.xhr.status < 400;
  const back = sent.get(form).text;
  sent.delete(form);
  if (taken) {
    document.getElementById("refusal")?.replaceChildren();
    if (form.contains(document.activeElement) || document.activeElement === document.body) area.focus();
  } else {
    show(area, joined(back, area.value));
    area.focus();
  }
  if (form.dataset.draft) keep(form);
});

document.addEventListener("click", (event) => {
  const starter = event.target.closest("[data-starter]");
  if (!starter) return;
  const area = document.querySelector("[data-composer] textarea");
  show(area, starter.dataset.starter);
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

document.addEventListener("htmx:afterSettle", meet);
// Back from the browser's page cache another tab may have sent it.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-composer][data-draft]")) {
    areaOf(form).value = read(form.dataset.draft)?.text ?? "";
    count(form);
  }
});
dropWhatIsSaid();
meet();
