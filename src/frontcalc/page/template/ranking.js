// The ranking: regions by the size of their net change, gained to the right and lost to the left.

const MOST_BARS = 14;

function rankingOf(view, data, choose) {
  const figure = view.model;
  const named = (name) => figure.document.get_model_by_name(name);
  const drawn = new Set([...data.land.map((one) => one.region), "unassigned"]);

  function show({ period }) {
    const all = Object.entries(data.periods[period].figures)
      .filter(([region, one]) => drawn.has(region) && (one.gained || one.lost))
      .sort(([, a], [, b]) => Math.abs(b.net) - Math.abs(a.net));
    const bars = all.slice(0, MOST_BARS);
    figure.y_range.factors = bars.map(([region]) => regionName(region)).reverse();
    named("ranking-source").data = {
      region: bars.map(([region]) => regionName(region)),
      key: bars.map(([region]) => region),
      gained: bars.map(([, one]) => one.gained),
      lost: bars.map(([, one]) => -one.lost),
      net: bars.map(([, one]) => number(one.net, true)),
      end: bars.map(([, one]) => one.gained),
    };
    figure.height = 60 + 30 * Math.max(bars.length, 1);
    const most = Math.max(1, ...bars.map(([, one]) => one.gained)), least = Math.max(0, ...bars.map(([, one]) => one.lost));
    // Room for the figure beside the longest bar.
    figure.x_range.setv({ start: -least - 0.04 * most, end: most + 0.45 * (most + least) });
    const words = bars.slice(0, 5).map(([region, one]) =>
      `${regionName(region)} ${area(one.net, true)} (gained ${number(one.gained)}, lost ${number(one.lost)})`);
    const more = all.length - words.length;
    say("#ranking-words", words.length
      ? `Most by net change: ${words.join("; ")}${more > 0 ? `; ${more} more in the table` : ""}.`
      : "No region has a change in this period.");
  }

  function paint(colour) {
    named("gained-bars").glyph.fill_color = { value: colour("--gained") };
    named("lost-bars").glyph.fill_color = { value: colour("--lost") };
    named("nets").glyph.text_color = { value: colour("--ink") };
    paintAxes(figure, colour);
    for (const axis of figure.left) axis.major_label_text_color = colour("--ink");
  }

  figure.on_event("tap", ({ y }) => {
    const { key } = named("ranking-source").data;
    const row = Math.floor(figure.y_range.factors.length - y);
    if (key[row] !== undefined) choose({ region: key[row] });
  });

  return { show, paint };
}
