// Form of a new workspace: suggests a slug from the name and checks it while typing.
const name = document.querySelector("#id_name");
const slug = document.querySelector("#id_slug");
const note = document.querySelector('[data-note-for="slug"]');
const refusal = document.querySelector("#id_slug_error");
let isChosen = Boolean(slug?.value);
let timer = 0;
let lastRequest = 0;

function suggest(text) {
  const plain = text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/œ/gi, "oe").replace(/æ/gi, "ae");
  return plain.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^[^a-z]+/, "").slice(0, 40).replace(/-+$/, "");
}

function showNote(text, ok) {
  note.textContent = text;
  note.dataset.ok = ok;
}

async function check() {
  if (!slug.value) return showNote("", "");
  const request = ++lastRequest;
  const response = await fetch(`${slug.dataset.check}?slug=${encodeURIComponent(slug.value)}`);
  if (!response.ok) return;
  const result = await response.json();
  if (request === lastRequest) showNote(result.message, result.ok ? "yes" : "no");
}

function checkSoon() {
  clearTimeout(timer);
  timer = setTimeout(() => check().catch(() => showNote("", "")), 250);
}

if (name && slug && note) {
  name.addEventListener("input", () => {
    if (isChosen) return;
    slug.value = suggest(name.value);
    checkSoon();
  });
  slug.addEventListener("input", () => {
    isChosen = Boolean(slug.value);
    refusal?.remove();
    checkSoon();
  });
  // A refusal by the server is shown already.
  if (slug.value && !refusal) check();
}
