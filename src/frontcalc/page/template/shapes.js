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

function boundsOf(shapes) {
  const xs = shapes.flatMap((shape) => shape.xs.flat(2)), ys = shapes.flatMap((shape) => shape.ys.flat(2));
  const least = (values) => values.reduce((a, b) => Math.min(a, b), Infinity);
  const most = (values) => values.reduce((a, b) => Math.max(a, b), -Infinity);
  return xs.length ? { west: least(xs), east: most(xs), south: least(ys), north: most(ys) } : null;
}
