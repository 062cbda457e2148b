// Signing out clears the workspace's data in this browser, except the theme. The server also sends Clear-Site-Data, which
// browsers honour over HTTPS only.
const EXCEPT = "ruche-theme";

function clear(storage) {
  for (const key of Object.keys(storage)) if (key !== EXCEPT) storage.removeItem(key);
}

document.addEventListener("submit", (event) => {
  if (!new URL(event.target.action, location.href).pathname.endsWith("/accounts/logout/")) return;
  try {
    clear(localStorage);
    clear(sessionStorage);
  } catch {
    // Blocked storage contains nothing.
  }
});
