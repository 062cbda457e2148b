// Drafts of unsaved input in localStorage, which survive a reload, a crash and the end of a session.
// They belong to one user of the workspace (storage is per host, keys per user) and are deleted at sign-out.
//   form[data-draft="place"]  an ordinary form; the composer (composer.js) uses the same storage.
const PREFIX = "ruche-draft:";
const MAX_AGE_MS = 14 * 24 * 3600 * 1000;
const SAVE_AFTER_MS = 250;
const EXCLUDED_TYPES = ["hidden", "file", "password", "submit", "button", "reset"];

const person = document.querySelector("meta[name=ruche-person]")?.content ?? "";
const channel = "BroadcastChannel" in window ? new BroadcastChannel("ruche-drafts") : null;
// No more writes after sign-out in any tab.
let isSignedOut = !person;

const keyOf = (place) => `${PREFIX}${person}:${place}`;

// Storage may be blocked or full: then drafts are not saved.
function ignoringErrors(action) {
  try {
    return action();
  } catch {
    return null;
  }
}

export function read(place) {
  if (!person) return null;
  return ignoringErrors(() => JSON.parse(localStorage.getItem(keyOf(place))));
}

export function write(place, draft) {
  if (!isSignedOut) ignoringErrors(() => localStorage.setItem(keyOf(place), JSON.stringify({ ...draft, at: Date.now() })));
}

export function drop(place) {
  if (person) ignoringErrors(() => localStorage.removeItem(keyOf(place)));
}

function keys() {
  return ignoringErrors(() => Object.keys(localStorage).filter((key) => key.startsWith(PREFIX))) ?? [];
}

export function places() {
  const mine = keyOf("");
  return keys().filter((key) => key.startsWith(mine)).map((key) => key.slice(mine.length));
}

// Calls `callback(place, draft or null)` when another tab has changed a draft of this user.
export function onChangeInOtherTab(callback) {
  window.addEventListener("storage", ({ key, newValue }) => {
    const mine = keyOf("");
    if (person && key?.startsWith(mine)) callback(key.slice(mine.length), newValue === null ? null : ignoringErrors(() => JSON.parse(newValue)));
  });
}

// A function that calls `action` SAVE_AFTER_MS after its last call, and at once when the page is left or by `flush`.
export function debounce(action) {
  let timer = 0;
  const flush = () => {
    if (!timer) return;
    clearTimeout(timer);
    timer = 0;
    action();
  };
  window.addEventListener("pagehide", flush);
  document.addEventListener("visibilitychange", () => document.hidden && flush());
  return Object.assign(
    () => {
      clearTimeout(timer);
      timer = setTimeout(flush, SAVE_AFTER_MS);
    },
    { flush },
  );
}

export const isErrorPage = () => Boolean(document.querySelector("[data-error]"));

// -- deletion at sign-out, and of old drafts and those of other users

function deleteAll() {
  isSignedOut = true;
  for (const key of keys()) ignoringErrors(() => localStorage.removeItem(key));
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-sign-out]")) return;
  deleteAll();
  channel?.postMessage("signed-out");
});
channel?.addEventListener("message", ({ data }) => data === "signed-out" && deleteAll());

function deleteStale() {
  const mine = keyOf("");
  for (const key of keys()) {
    const age = Date.now() - (ignoringErrors(() => JSON.parse(localStorage.getItem(key)))?.at ?? 0);
    if (!key.startsWith(mine) || age > MAX_AGE_MS) ignoringErrors(() => localStorage.removeItem(key));
  }
}
if (person) deleteStale();

// -- ordinary forms

function values(form) {
  const result = {};
  for (const field of form.elements) {
    if (!field.name || EXCLUDED_TYPES.includes(field.type)) continue;
    if (field.type === "radio") result[field.name] = field.checked ? field.value : (result[field.name] ?? "");
    else if (field.type === "checkbox") result[`${field.name}=${field.value}`] = field.checked;
    else if (field.tagName !== "FIELDSET") result[field.name] = field.value;
  }
  return result;
}

function fill(form, draftValues) {
  for (const field of form.elements) {
    if (!field.name || EXCLUDED_TYPES.includes(field.type)) continue;
    if (field.type === "radio") field.checked = draftValues[field.name] === field.value;
    else if (field.type === "checkbox") field.checked = Boolean(draftValues[`${field.name}=${field.value}`]);
    else if (draftValues[field.name] !== undefined) field.value = draftValues[field.name];
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

const isEqual = (a, b) => JSON.stringify(a) === JSON.stringify(b);
// Form -> saved values, from which a draft differs.
const savedValues = new WeakMap();

function restore(form) {
  const place = form.dataset.draft;
  const shown = values(form);
  const draft = read(place);
  // A refused form shows the input again: the saved values are then those in the draft.
  const isRefused = Boolean(form.querySelector("[aria-invalid=true], [data-form-errors]"));
  savedValues.set(form, isRefused && draft?.base ? draft.base : shown);
  if (!draft) return;
  if (isRefused) return write(place, { base: draft.base, values: shown });
  // Saved, or changed by another user meanwhile: the page is newer than the draft.
  if (isEqual(draft.values, shown) || !isEqual(draft.base, shown)) return drop(place);
  fill(form, draft.values);
  notify(form);
}

function notify(form) {
  // Deferred until toast.js is loaded.
  setTimeout(() => document.dispatchEvent(new CustomEvent("toast", { detail: { text: form.dataset.draftBack, kind: "info" } })));
}

const savers = new WeakMap();
document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (!form?.matches("form[data-draft]:not([data-composer])") || !savedValues.has(form)) return;
  if (!savers.has(form)) savers.set(form, debounce(() => save(form)));
  savers.get(form)();
});

function save(form, sent = false) {
  const current = values(form);
  if (isEqual(current, savedValues.get(form))) drop(form.dataset.draft);
  else write(form.dataset.draft, { base: savedValues.get(form), values: current, sent });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("form[data-draft]:not([data-composer])") && savedValues.has(form)) save(form, true);
});

if (person) {
  const forms = [...document.querySelectorAll("form[data-draft]:not([data-composer])")];
  forms.forEach(restore);
  const shown = new Set(forms.map((form) => form.dataset.draft));
  // A form that was sent and is not shown again was accepted, unless this is an error page.
  if (!isErrorPage()) for (const place of places()) if (!shown.has(place) && read(place)?.sent === true) drop(place);
}
