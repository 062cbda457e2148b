// Preview of the brand's colour: a colour picker beside the field, and the hue applied to the page.
const field = document.querySelector("[name=brand_color]");

// Same algorithm as ui/colour.py; null for a grey, which has no hue.
function hueOf(hex) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const channel = parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  const long = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
  const middle = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
  const short = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
  const a = 1.9779984951 * long - 2.428592205 * middle + 0.4505937099 * short;
  const b = 0.0259040371 * long + 0.7827717662 * middle - 0.808675766 * short;
  return Math.hypot(a, b) < 0.015 ? null : (Math.round((Math.atan2(b, a) * 180) / Math.PI) + 360) % 360;
}

function sixDigits(text) {
  const digits = text.trim().replace(/^#/, "").toLowerCase();
  if (/^[0-9a-f]{3}$/.test(digits)) return `#${[...digits].map((digit) => digit + digit).join("")}`;
  return /^[0-9a-f]{6}$/.test(digits) ? `#${digits}` : "";
}

if (field) {
  const swatch = document.createElement("input");
  Object.assign(swatch, { type: "color", value: sixDigits(field.value) || "#8a6100", disabled: field.matches(":disabled") });
  swatch.className = "border-field h-10 w-14 flex-none cursor-pointer rounded-field border bg-transparent p-1";
  swatch.setAttribute("aria-label", field.labels[0]?.textContent.trim() ?? "");
  const row = document.createElement("div");
  row.className = "flex items-center gap-3";
  field.replaceWith(row);
  row.append(swatch, field);
  const applyHue = (hex) => {
    const hue = hueOf(hex);
    if (hue !== null) document.documentElement.style.setProperty("--brand-hue", hue);
  };
  swatch.addEventListener("input", () => {
    field.value = swatch.value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  field.addEventListener("input", () => {
    const hex = sixDigits(field.value);
    if (!hex) return;
    swatch.value = hex;
    applyHue(hex);
  });
}
