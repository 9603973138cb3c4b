// What is shown is one state: a period, a region and a day. Every control changes it, and the address keeps it.

(async () => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const data = read("data"), figures = read("figures");
  const root = document.documentElement;
  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const pick = (selector) => [...document.querySelectorAll(selector)];
  const slider = document.getElementById("day"), select = document.getElementById("region"), play = document.getElementById("play");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let state = null, timer = null;

  function closing(period) {
    const at = data.days.indexOf(data.periods[period].closing);
    return at < 0 ? data.days.length - 1 : at;
  }

  function fromAddress() {
    const asked = new URLSearchParams(location.hash.slice(1));
    const period = data.periods.findIndex((one) => one.label === asked.get("period"));
    const chosen = period < 0 ? data.periods.length - 1 : period;
    const day = data.days.indexOf(asked.get("date"));
    return {
      period: chosen,
      region: Object.hasOwn(data.held, asked.get("region") ?? "") ? asked.get("region") : "total",
      day: day < 0 ? closing(chosen) : day,
    };
  }

  function toAddress({ period, region, day }) {
    const parts = new URLSearchParams({ period: data.periods[period].label });
    if (region !== "total") parts.set("region", region);
    if (day !== closing(period)) parts.set("date", data.days[day]);
    history.replaceState(null, "", `#${parts}`);
  }

  const charts = [];

  function choose(change, keep = true) {
    const before = state;
    state = { ...(state ?? fromAddress()), ...change };
    if ("period" in change && !("day" in change)) state.day = closing(state.period);
    for (const chart of charts) chart.show(state, before);
    showTexts();
    if (keep) toAddress(state);
  }

  function showTexts() {
    const { period, region, day } = state;
    const { heading, figures: { [region]: one } } = data.periods[period];
    pick(".choice").forEach((button, at) => button.setAttribute("aria-pressed", at === period));
    const fill = (selector, all) => pick(selector).forEach((place, at) => {
      const texts = all[at].figures[region]?.texts ?? {};
      for (const cell of place.querySelectorAll("[data-text]")) {
        cell.textContent = texts[cell.dataset.text] || (cell.dataset.none ?? DASH);
      }
    });
    fill(".card", data.periods);
    fill("#months tbody tr", data.months);
    say(".of-period", heading);
    select.value = region;
    slider.value = day;
    slider.setAttribute("aria-valuetext", dayName(data.days[day]));
    say(".day-name", dayName(data.days[day]));
    say(".region-name", regionName(region));
    say("#map-words", `Map of ${dayName(data.days[day])}, ${regionName(region)}: ${area(data.held[region][day])} held. ` +
      (one?.net == null ? `${heading} could not be measured: the notices say why.`
        : `${heading}: gained ${area(one.gained)}, lost ${area(one.lost)}, net ${area(one.net, true)}.`));
  }

  function paint() {
    for (const chart of charts) chart.paint(colour);
  }

  function step(by) {
    const next = state.day + by;
    if (next < 0 || next >= data.days.length) return false;
    choose({ day: next });
    return true;
  }

  function playing(on) {
    clearInterval(timer);
    timer = null;
    if (on && state.day === data.days.length - 1) choose({ day: 0 });
    // A reader of screens hears the words below the map once, not at every step.
    document.getElementById("map-words").setAttribute("aria-live", on ? "off" : "polite");
    if (on) timer = setInterval(() => { if (!step(1)) playing(false); }, 250);
    play.textContent = on ? "Pause" : "Play";
    play.setAttribute("aria-pressed", on);
  }

  async function draw(name, make) {
    const [view] = await Bokeh.embed.embed_item(figures[name], name);
    const chart = { ...make(view, data, choose), view };
    charts.push(chart);
    return chart;
  }

  // Paper is of another width than the screen: a picture of each canvas can be scaled to it. Bokeh takes new
  // colours too late to be printed, so what is dark is turned to light by the style of what is printed.
  function beforePrint() {
    root.classList.toggle("dark", dark.matches);
    for (const { view } of charts) {
      const { canvas } = view.export("png");
      canvas.className = "printed";
      view.el.parentElement.append(canvas);
    }
  }

  function afterPrint() {
    for (const canvas of pick(".printed")) canvas.remove();
  }

  tableOf(document.getElementById("table"), document.getElementById("filter"));
  say("#tolerance", data.tolerance);
  const map = await draw("map", mapOf);
  await draw("series", seriesOf);
  await draw("ranking", rankingOf);
  paint();
  choose(fromAddress(), false);

  pick(".choice").forEach((button, at) => button.addEventListener("click", () => choose({ period: at })));
  pick("[data-layer]").forEach((box) => box.addEventListener("change", () => map.layer(box.dataset.layer, box.checked)));
  const zooms = { in: () => map.look(0.7), out: () => map.look(1 / 0.7), all: () => map.fit() };
  pick("[data-zoom]").forEach((button) => button.addEventListener("click", zooms[button.dataset.zoom]));
  pick("[data-step]").forEach((button) => button.addEventListener("click", () => step(Number(button.dataset.step))));
  const keys = {
    ArrowLeft: () => map.look(1, -0.2), ArrowRight: () => map.look(1, 0.2), ArrowUp: () => map.look(1, 0, 0.2),
    ArrowDown: () => map.look(1, 0, -0.2), "+": zooms.in, "=": zooms.in, "-": zooms.out, 0: zooms.all,
  };
  document.getElementById("map").addEventListener("keydown", (event) => {
    if (!Object.hasOwn(keys, event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  select.addEventListener("change", () => choose({ region: select.value }));
  slider.addEventListener("input", () => { playing(false); choose({ day: Number(slider.value) }); });
  play.addEventListener("click", () => playing(timer === null));
  addEventListener("hashchange", () => { if (location.hash.includes("=")) choose(fromAddress(), false); });
  dark.addEventListener("change", paint);
  addEventListener("beforeprint", beforePrint);
  addEventListener("afterprint", afterPrint);
  root.dataset.ready = "true";
})();
