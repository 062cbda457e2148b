// The bell: the count of unread notifications, live while the tab is looked at (browsers allow six connections a host).
let source = null;

const bell = () => document.querySelector("[data-bell]");

function show(count) {
  const link = bell();
  if (!link) return;
  const badge = link.querySelector("[data-bell-count]");
  const before = Number(link.dataset.count ?? count);
  link.dataset.count = count;
  badge.hidden = count === 0;
  badge.textContent = count > 99 ? "99+" : count;
  const live = document.getElementById("live");
  if (count > before && live) live.textContent = link.dataset.new;
}

function connect() {
  const link = bell();
  if (source || document.hidden || !link) return;
  source = new EventSource(link.dataset.bell);
  source.addEventListener("unread", (event) => show(JSON.parse(event.data).count));
  source.addEventListener("gone", disconnect);
}

function disconnect() {
  source?.close();
  source = null;
}

document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
window.addEventListener("pagehide", disconnect);
window.addEventListener("pageshow", connect);
connect();
