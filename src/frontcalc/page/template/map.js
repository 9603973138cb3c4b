// The map: what is held on the day shown, what was gained and lost in the period, and the regions.

function mapOf(view, data, choose) {
  const figure = view.model;
  const named = (name) => figure.document.get_model_by_name(name);
  const grid = data.grid;
  const land = data.land.map(({ region, shape, at }) => ({ region, at, ...polygons(shape, grid) }));
  const shown = data.periods.map((period) => ["gained", "lost"].flatMap((kind) =>
    period.shapes.filter((one) => one.kind === kind)
      .map(({ region, shape }) => ({ region, kind, ...polygons(shape, grid) }))));
  const whole = around(boundsOf(shown.flat()) ?? boundsOf(land));
  const known = new Set(land.map((one) => one.region));
  let asked = whole;
  figure.height = innerWidth < 640 ? 420 : 560;

  named("land-source").data = { xs: land.map((one) => one.xs), ys: land.map((one) => one.ys) };

  // Both axes must show as many metres a pixel.
  function fit({ west, east, south, north }) {
    asked = { west, east, south, north };
    const wide = figure.inner_width || 600, high = figure.inner_height || 400;
    const scale = Math.max((east - west) / wide, (north - south) / high, 10) * 1.08;
    const x = (west + east) / 2, y = (south + north) / 2;
    figure.x_range.setv({ start: x - scale * wide / 2, end: x + scale * wide / 2 });
    figure.y_range.setv({ start: y - scale * high / 2, end: y + scale * high / 2 });
  }

  function zoom(factor) {
    const { start: west, end: east } = figure.x_range, { start: south, end: north } = figure.y_range;
    const x = (west + east) / 2, y = (south + north) / 2;
    figure.x_range.setv({ start: x + (west - x) * factor, end: x + (east - x) * factor });
    figure.y_range.setv({ start: y + (south - y) * factor, end: y + (north - y) * factor });
  }

  function move(right, up) {
    const dx = (figure.x_range.end - figure.x_range.start) * right;
    const dy = (figure.y_range.end - figure.y_range.start) * up;
    figure.x_range.setv({ start: figure.x_range.start + dx, end: figure.x_range.end + dx });
    figure.y_range.setv({ start: figure.y_range.start + dy, end: figure.y_range.end + dy });
  }

  function showDay(day) {
    const held = polygons(data.maps[day], grid);
    named("held-source").data = { xs: [held.xs], ys: [held.ys] };
  }

  function showPeriod(index) {
    for (const kind of ["gained", "lost"]) {
      const mine = shown[index].filter((one) => one.kind === kind);
      named(`${kind}-source`).data = { xs: mine.map((one) => one.xs), ys: mine.map((one) => one.ys) };
    }
  }

  // Regions answer when they are pointed at; where none is drawn, the ground that changed hands does.
  function showRegions({ period, region, day }) {
    const { figures, heading } = data.periods[period];
    const loose = shown[period].filter((one) => !known.has(one.region));
    const all = [...land, ...loose];
    const figure_of = (one, name) => km2(figures[one.region]?.[name] ?? 0, name === "net");
    named("regions-source").data = {
      xs: all.map((one) => one.xs),
      ys: all.map((one) => one.ys),
      name: all.map((one) => regionName(one.region)),
      held: all.map((one) => `${km2(data.held[one.region]?.[day] ?? 0)} km² held on ${dayName(data.days[day])}`),
      gained: all.map((one) => `${heading}: gained ${figure_of(one, "gained")} km²`),
      lost: all.map((one) => `lost ${figure_of(one, "lost")} km²`),
      net: all.map((one) => `net ${figure_of(one, "net")} km²`),
      region: all.map((one) => one.region),
      width: all.map((one) => (one.region === region ? 2.5 : 0.8)),
      alpha: all.map((one) => (known.has(one.region) ? 1 : 0)),
    };
    const written = land.filter((one) => one.region in data.held);
    named("labels-source").data = {
      x: written.map((one) => one.at[0] * grid),
      y: written.map((one) => one.at[1] * grid),
      text: written.map((one) => one.region),
    };
  }

  function show(state, before) {
    if (state.day !== before?.day) showDay(state.day);
    if (state.period !== before?.period) showPeriod(state.period);
    showRegions(state);
    const { opening, closing } = data.periods[state.period];
    // The change is that of the whole period: it fades where the map shown is not the one it leads to.
    const faint = closing !== null && data.days[state.day] !== closing;
    for (const kind of ["gained", "lost"]) named(kind).glyph.fill_alpha = { value: faint ? 0.35 : 0.9 };
    if (state.region !== before?.region) {
      const mine = [...land, ...shown[state.period]].filter((one) => one.region === state.region);
      fit(mine.length ? boundsOf(mine) : whole);
    }
  }

  function paint(colour) {
    const fills = { land: "--land", held: "--held", gained: "--gained", lost: "--lost" };
    for (const [name, variable] of Object.entries(fills)) {
      named(name).glyph.setv({ fill_color: { value: colour(variable) }, line_color: { value: colour(variable) } });
    }
    named("regions").glyph.line_color = { value: colour("--border") };
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

  return { show, paint, zoom, move, fit: () => fit(whole), layer: (name, on) => { named(name).visible = on; } };
}
