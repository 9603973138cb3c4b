// The chart of the area held, with a mark at the map shown and a band over the period chosen.

function seriesOf(view, data, choose) {
  const figure = view.model;
  const named = (name) => figure.document.get_model_by_name(name);
  const times = data.days.map((day) => Date.parse(day));

  function summary(held, region) {
    const known = held.flatMap((value, at) => (value === null ? [] : [at]));
    if (!known.length) return "Nothing was measured here.";
    const least = known.reduce((a, b) => (held[b] < held[a] ? b : a)), most = known.reduce((a, b) => (held[b] > held[a] ? b : a));
    const first = known[0], last = known[known.length - 1];
    const at = (index) => `${area(held[index])} on ${dayName(data.days[index])}`;
    return `${region === "total" ? "All regions" : regionName(region)}: ${at(first)}, ${at(last)}. ` +
      `Least ${at(least)}, most ${at(most)}. ${known.length} maps.`;
  }

  function show({ period, region, day }) {
    const held = data.held[region] ?? [];
    const { opening, closing } = data.periods[period];
    named("series-source").data = {
      x: times,
      y: held.map((value) => value ?? NaN),
      label: data.days.map(dayName),
      text: held.map((value) => `${area(value)} held`),
    };
    named("here-source").data = { x: [times[day]], y: [held[day] ?? NaN] };
    named("mark").location = times[day];
    named("band").setv({ left: opening ? Date.parse(opening) : null, right: closing ? Date.parse(closing) : null });
    span(figure.x_range, times, 0.02);
    span(figure.y_range, held.filter((value) => value !== null), 0.08);
    say("#series-words", summary(held, region));
  }

  function paint(colour) {
    named("line").glyph.line_color = { value: colour("--ink") };
    named("dots").glyph.fill_color = { value: colour("--ink") };
    named("here").glyph.setv({ fill_color: { value: colour("--gained") }, line_color: { value: colour("--paper") } });
    named("mark").line_color = colour("--gained");
    named("band").fill_color = colour("--border");
    paintAxes(figure, colour);
  }

  figure.on_event("tap", ({ x }) => {
    const apart = times.map((time) => Math.abs(time - x));
    choose({ day: apart.indexOf(Math.min(...apart)) });
  });

  return { show, paint };
}

// Make an axis show all values, with a share of their span as margin.
function span(range, values, margin) {
  const least = values.reduce((a, b) => Math.min(a, b), Infinity), most = values.reduce((a, b) => Math.max(a, b), -Infinity);
  if (least > most) return;
  const room = (most - least) * margin || 1;
  range.setv({ start: least - room, end: most + room });
}

function paintAxes(figure, colour) {
  for (const axis of [...figure.below, ...figure.left]) {
    axis.setv({ major_label_text_color: colour("--quiet"), axis_label_text_color: colour("--quiet") });
  }
  for (const grid of figure.center) {
    if ("grid_line_color" in grid.attributes) grid.grid_line_color = colour("--rule");
  }
}
