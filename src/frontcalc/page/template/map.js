// The map: what is held on the day shown, what was gained and lost in the period, and the regions.

function mapOf(view, data, choose) {
  const figure = view.model;
  const named = (name) => figure.document.get_model_by_name(name);
  const grid = data.grid;
  const land = data.land.map(({ region, shape }) => ({ region, ...polygons(shape, grid) }));
  const shown = data.periods.map((period) => ["gained", "lost"].flatMap((kind) =>
    period.shapes.filter((one) => one.kind === kind)
      .map(({ region, shape }) => ({ region, kind, ...polygons(shape, grid) }))));
  const whole = around(boundsOf(shown.flat()) ?? boundsOf(land));
  const known = new Set(land.map((one) => one.region));
  let asked = whole;
  figure.height = innerWidth < 640 ? 420 : 560;

  const names = data.names.map(([text, x, y, coarsest, style]) => ({ text, x: x * grid, y: y * grid, coarsest, style }));
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = "12px system-ui, sans-serif";
  let lettered = null;

  const xy = (shapes) => ({ xs: shapes.map((one) => one.xs), ys: shapes.map((one) => one.ys) });
  named("sea-source").data = xy([polygons(data.sea, grid)]);
  named("countries-source").data = xy(data.countries.map((country) => polygons(country, grid)));
  named("land-source").data = xy(land);

  // Both axes must show as many metres a pixel.
  function fit({ west, east, south, north }) {
    asked = { west, east, south, north };
    const wide = figure.inner_width || 600, high = figure.inner_height || 400;
    const scale = Math.max((east - west) / wide, (north - south) / high, 10) * 1.08;
    const x = (west + east) / 2, y = (south + north) / 2;
    figure.x_range.setv({ start: x - scale * wide / 2, end: x + scale * wide / 2 });
    figure.y_range.setv({ start: y - scale * high / 2, end: y + scale * high / 2 });
  }

  // Shares of what is shown: how much of it is to be shown, and by how much that is moved.
  function look(share, right = 0, up = 0) {
    for (const [range, by] of [[figure.x_range, right], [figure.y_range, up]]) {
      const span = range.end - range.start, middle = range.start + span * (0.5 + by);
      range.setv({ start: middle - span * share / 2, end: middle + span * share / 2 });
    }
  }

  // Regions answer when they are pointed at; where none is drawn, the ground that changed hands does.
  function showRegions({ period, region, day }) {
    const { figures, heading } = data.periods[period];
    const loose = shown[period].filter((one) => !known.has(one.region));
    const all = [...land, ...loose];
    // A region without figures holds and changes nothing; figures that could not be had are none.
    const figure_of = (one, name) => area(one.region in figures ? figures[one.region][name] : 0, name === "net");
    named("regions-source").data = {
      xs: all.map((one) => one.xs),
      ys: all.map((one) => one.ys),
      name: all.map((one) => regionName(one.region)),
      held: all.map((one) => `${area(data.held[one.region]?.[day] ?? 0)} held on ${dayName(data.days[day])}`),
      gained: all.map((one) => `${heading}: gained ${figure_of(one, "gained")}`),
      lost: all.map((one) => `lost ${figure_of(one, "lost")}`),
      net: all.map((one) => `net ${figure_of(one, "net")}`),
      region: all.map((one) => one.region),
      width: all.map((one) => (one.region === region ? 2.5 : 0.8)),
      alpha: all.map((one) => (known.has(one.region) ? 1 : 0)),
    };
  }

  // Names that find room at a scale: of regions first, then of towns, the largest first, right or left of their dot.
  function showNames() {
    const scale = (figure.x_range.end - figure.x_range.start) / (figure.inner_width || 600);
    if (scale === lettered) return;
    lettered = scale;
    const placed = [];
    for (const one of names.filter(({ coarsest }) => scale <= coarsest)) {
      const half = (pen.measureText(one.text).width / 2 + 6) * scale;
      const at = (one.style === "italic" ? [one.x] : [one.x + half, one.x - half]).find((middle) =>
        placed.every((other) => Math.abs(other.at - middle) > other.half + half || Math.abs(other.y - one.y) > 16 * scale));
      if (at !== undefined) placed.push({ ...one, at, half });
    }
    const dots = placed.filter((one) => one.style === "normal"), all = (list, key) => list.map((one) => one[key]);
    named("labels-source").data = { x: all(placed, "at"), y: all(placed, "y"), text: all(placed, "text"), style: all(placed, "style") };
    named("towns-source").data = { x: all(dots, "x"), y: all(dots, "y") };
  }

  function show(state, before) {
    if (state.day !== before?.day) named("held-source").data = xy([polygons(data.maps[state.day], grid)]);
    showRegions(state);
    const { closing } = data.periods[state.period];
    // The change is that of the whole period: it fades where the map shown is not the one it leads to.
    const faint = closing !== null && data.days[state.day] !== closing;
    for (const kind of ["gained", "lost"]) {
      named(kind).glyph.fill_alpha = { value: faint ? 0.35 : 0.9 };
      if (state.period === before?.period) continue;
      named(`${kind}-source`).data = xy(shown[state.period].filter((one) => one.kind === kind));
    }
    if (state.region !== before?.region) {
      const mine = [...land, ...shown[state.period]].filter((one) => one.region === state.region);
      fit(mine.length ? boundsOf(mine) : whole);
    }
  }

  function paint(colour) {
    const fills = { sea: "--sea", countries: "--foreign", land: "--land", held: "--held", gained: "--gained", lost: "--lost" };
    for (const [name, variable] of Object.entries(fills)) {
      named(name).glyph.setv({ fill_color: { value: colour(variable) }, line_color: { value: colour(variable) } });
    }
    for (const name of ["countries", "frontiers", "regions"]) named(name).glyph.line_color = { value: colour("--border") };
    named("towns").glyph.setv({ fill_color: { value: colour("--ink") }, line_color: { value: colour("--land") } });
    named("labels").glyph.text_color = { value: colour("--ink") };
    named("halos").glyph.text_outline_color = { value: colour("--land") };
    named("scale").label_text_color = colour("--quiet");
    const mark = named("synthetic");
    if (mark) mark.text_color = colour("--quiet");
  }

  // The tap tool has selected the region before the event comes.
  figure.on_event("tap", () => {
    const source = named("regions-source");
    const [hit] = source.selected.indices;
    if (hit !== undefined) choose({ region: source.data.region[hit] });
  });
  figure.properties.inner_width.change.connect(() => fit(asked));
  figure.x_range.properties.end.change.connect(showNames);

  return { show, paint, look, fit: () => fit(whole), layer: (name, on) => { named(name).visible = on; } };
}
