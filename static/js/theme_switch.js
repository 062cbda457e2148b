// [data-theme-switch] holds buttons with value light, dark or system.
const KEY = "ruche-theme";
const root = document.documentElement;

function current() {
  return root.dataset.theme?.replace("ruche-", "") ?? "system";
}

function show() {
  for (const button of document.querySelectorAll("[data-theme-switch] button")) {
    button.setAttribute("aria-pressed", String(button.value === current()));
  }
}

function choose(theme) {
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = `ruche-${theme}`;
  try {
    if (theme === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // Storage may be blocked: the choice applies to this page only.
  }
  show();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-theme-switch] button");
  if (button) choose(button.value);
});
show();
