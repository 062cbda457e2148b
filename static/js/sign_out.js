// Who signs out leaves nothing of the workspace in this browser: drafts, what was remembered of its pages. The server
// says so too (Clear-Site-Data), which browsers heed over HTTPS only. How the page looks (ruche-theme) stays.
const KEEP = "ruche-theme";

function forget(storage) {
  for (const key of Object.keys(storage)) if (key !== KEEP) storage.removeItem(key);
}

document.addEventListener("submit", (event) => {
  if (!new URL(event.target.action, location.href).pathname.endsWith("/accounts/logout/")) return;
  try {
    forget(localStorage);
    forget(sessionStorage);
  } catch {
    // Storage may be forbidden: then there is nothing in it.
  }
});
