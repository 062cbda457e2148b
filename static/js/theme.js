// Runs before the first paint, so it is neither a module nor deferred: the chosen theme must not flash.
(function () {
  var root = document.documentElement;
  root.classList.add("js");
  try {
    var chosen = localStorage.getItem("ruche-theme");
    if (chosen === "light" || chosen === "dark") root.dataset.theme = "ruche-" + chosen;
  } catch (refused) {
    // Storage may be forbidden: the system's theme then stands.
  }
})();
