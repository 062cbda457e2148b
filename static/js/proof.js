// Proof of work in the scheme of ALTCHA (signup/proof.py): the number whose SHA-256 with the salt is the challenge.
// It starts with the first key or click in form[data-proof]; a form sent earlier waits for it. Without it (an old
// browser) the form is sent all the same and has stricter limits.
const BATCH = 500;
const encoder = new TextEncoder();

function hex(buffer) {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function solve({ challenge, salt, maxnumber, signature }) {
  for (let start = 0; start <= maxnumber; start += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, maxnumber + 1 - start) }, (_, index) => start + index);
    const digests = await Promise.all(
      numbers.map((number) => crypto.subtle.digest("SHA-256", encoder.encode(salt + number))),
    );
    const index = digests.findIndex((digest) => hex(digest) === challenge);
    if (index >= 0) {
      return btoa(JSON.stringify({ algorithm: "SHA-256", challenge, number: start + index, salt, signature }));
    }
  }
  return "";
}

for (const form of document.querySelectorAll("form[data-proof]")) {
  let work;
  const start = () => (work ??= solve(JSON.parse(form.dataset.proof)).catch(() => ""));
  form.addEventListener("input", start, { once: true });
  form.addEventListener("click", start, { once: true });
  form.addEventListener("submit", async (event) => {
    if ("proved" in form.dataset) return;
    event.preventDefault();
    if ("proving" in form.dataset) return;
    form.dataset.proving = "";
    form.elements.proof.value = await start();
    // A proof that is ready comes within the event, in which a browser ignores another submission.
    await new Promise((resolve) => setTimeout(resolve));
    form.dataset.proved = "";
    form.requestSubmit();
  });
}
// A page restored from the browser's cache sends the same form again, which is one request.
