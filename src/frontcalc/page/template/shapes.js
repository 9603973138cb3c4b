"use strict";
// Shapes come as steps from point to point, in whole hundreds of metres; Bokeh draws metres.

function ring(steps, grid) {
  const xs = [], ys = [];
  let x = 0, y = 0;
  for (let at = 0; at < steps.length; at += 2) {
    x += steps[at];
    y += steps[at + 1];
    xs.push(x * grid);
    ys.push(y * grid);
  }
  return [xs, ys];
}

// Return a shape as Bokeh's multi_polygons want it: polygons of rings, x and y apart.
function polygons(shape, grid) {
  const rings = shape.map((polygon) => polygon.map((steps) => ring(steps, grid)));
  return {
    xs: rings.map((polygon) => polygon.map(([xs]) => xs)),
    ys: rings.map((polygon) => polygon.map(([, ys]) => ys)),
  };
}

// Return the box around drawn shapes (m), null where there are none.
function boundsOf(shapes) {
  const xs = shapes.flatMap((shape) => shape.xs.flat(2)), ys = shapes.flatMap((shape) => shape.ys.flat(2));
  const least = (values) => values.reduce((a, b) => Math.min(a, b), Infinity);
  const most = (values) => values.reduce((a, b) => Math.max(a, b), -Infinity);
  return xs.length ? { west: least(xs), east: most(xs), south: least(ys), north: most(ys) } : null;
}

// What is around some ground shows where it is: a tenth of it on each side, and 30 km at least.
function around(bounds) {
  if (bounds === null) return { west: -1e5, east: 1e5, south: -1e5, north: 1e5 };
  const { west, east, south, north } = bounds;
  const room = Math.max(0.1 * (east - west), 0.1 * (north - south), 3e4);
  return { west: west - room, east: east + room, south: south - room, north: north + room };
}
