// Figures and days in words, as the tables write them.

const MINUS = "\u2212", DASH = "\u2013", UNIT = document.documentElement.dataset.unit;

function number(value, signed = false) {
  if (value === null || value === undefined) return DASH;
  const text = Math.abs(value).toLocaleString("en-GB", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  return (value < 0 ? MINUS : signed && value > 0 ? "+" : "") + text;
}

function area(value, signed = false) {
  return `${number(value, signed)} ${UNIT}`;
}

function dayName(day) {
  return new Date(day).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
}

function regionName(region) {
  return { total: "all regions", unassigned: "in no region" }[region] ?? region;
}

function say(selector, text) {
  for (const place of document.querySelectorAll(selector)) place.textContent = text;
}
