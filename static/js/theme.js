// Neither a module nor deferred, to set the chosen theme before the first paint.
(function () {
  var root = document.documentElement;
  root.classList.add("js");
  try {
    var chosen = localStorage.getItem("ruche-theme");
    if (chosen === "light" || chosen === "dark") root.dataset.theme = "ruche-" + chosen;
  } catch (error) {
    // Storage may be blocked: the system's theme applies.
  }
})();
