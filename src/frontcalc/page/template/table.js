// The table: sorted by its headings, filtered by words.

function tableOf(table, filter) {
  const body = table.tBodies[0], headings = [...table.tHead.rows[0].cells];

  function value(row, column) {
    const text = row.cells[column].textContent;
    if (!headings[column].classList.contains("figure")) return text;
    return text === DASH ? -Infinity : Number(text.replaceAll(",", "").replace(MINUS, "-"));
  }

  function sort(column) {
    const heading = headings[column];
    const down = heading.ariaSort === "descending" || (heading.ariaSort === null && !heading.classList.contains("figure"));
    headings.forEach((one) => { one.ariaSort = null; });
    heading.ariaSort = down ? "ascending" : "descending";
    const compare = (a, b) => (typeof a === "number" ? a - b : a.localeCompare(b, "en"));
    const rows = [...body.rows].sort((a, b) => compare(value(a, column), value(b, column)) * (down ? 1 : -1));
    body.append(...rows);
  }

  function sift() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of body.rows) {
      const text = `${row.cells[0].textContent} ${row.cells[1].textContent}`.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
    const shown = [...body.rows].filter((row) => !row.hidden).length;
    say("#count", shown === body.rows.length ? `${shown} rows` : `${shown} of ${body.rows.length} rows`);
  }

  headings.forEach((heading, column) => heading.firstElementChild.addEventListener("click", () => sort(column)));
  filter.addEventListener("input", sift);
}
