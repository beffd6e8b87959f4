// Where the boxes and lines of the picture lie: columns from left to right in the order messages travel, few crossings,
// straight lines where possible. Pure.

export const box = { width: 216, height: 84 };
const gap = { x: 128, y: 28, line: 26 };
const pad = 4;

/**
 * Lays a topology out: {width, height, nodes: [{node, x, y}], edges: [{edge, path, label: {x, y}}]}; x and y are the
 * upper left corner of a box, and the middle of a label's baseline.
 */
export function layout(topology) {
  const nodes = topology.nodes ?? [];
  const edges = (topology.edges ?? []).filter((e) => has(nodes, e.from) && has(nodes, e.to));
  const columns = place(nodes, ranks(nodes, edges));
  const chains = edges.map((edge) => chain(edge, columns));
  const links = chains.flatMap((c) => c.points.slice(1).map((to, i) => [c.points[i], to]));
  for (let i = 0; i < 8; i++) sort(columns, links, i % 2 === 0);
  const height = stack(columns, links);
  columns.forEach((column, i) => column.forEach((cell) => (cell.x = pad + i * (box.width + gap.x))));
  return {
    width: Math.max(0, columns.length * (box.width + gap.x) - gap.x) + 2 * pad,
    height: height + 2 * pad,
    nodes: columns.flat().filter((c) => c.node).map((c) => ({ node: c.node, x: c.x, y: c.y + pad })),
    edges: chains.map((c) => draw(c, chains)),
  };
}

const id = (node) => `${node.kind}/${node.name}`;
const has = (nodes, name) => nodes.some((n) => id(n) === name);

/** The column of each node: behind everything that it reads; what ends a way is in the last one. */
function ranks(nodes, edges) {
  const rank = new Map(nodes.map((n) => [id(n), n.kind === 'source' ? 0 : 1]));
  for (let round = 0; round < nodes.length; round++) {
    for (const e of edges) rank.set(e.to, Math.min(nodes.length, Math.max(rank.get(e.to), rank.get(e.from) + 1)));
  }
  const last = Math.max(0, ...rank.values());
  for (const n of nodes) if (n.kind === 'session' || n.kind === 'sink') rank.set(id(n), last);
  return rank;
}

function place(nodes, rank) {
  const columns = Array.from({ length: Math.max(-1, ...rank.values()) + 1 }, () => []);
  for (const node of nodes) columns[rank.get(id(node))].push({ node, name: id(node), column: rank.get(id(node)), height: box.height });
  return columns;
}

/** The cells that an edge visits: in the columns between its ends it gets a lane of its own, so that it hits no box. */
function chain(edge, columns) {
  const from = columns.flat().find((c) => c.name === edge.from);
  const to = columns.flat().find((c) => c.name === edge.to);
  const points = [from];
  for (let i = from.column + 1; i < to.column; i++) {
    const lane = { column: i, height: gap.line };
    columns[i].push(lane);
    points.push(lane);
  }
  return { edge, points: [...points, to] };
}

const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

/** Orders each column by where its neighbours are: one sweep of the barycenter method, there or back. */
function sort(columns, links, there) {
  const order = there ? columns : [...columns].reverse();
  for (const column of order) {
    const weight = new Map();
    column.forEach((cell, i) => {
      const near = links.filter(([a, b]) => (there ? b : a) === cell).map(([a, b]) => (there ? a : b));
      weight.set(cell, near.length ? mean(near.map((n) => columns[n.column].indexOf(n) / columns[n.column].length)) : i / column.length);
    });
    column.sort((a, b) => weight.get(a) - weight.get(b));
  }
}

/** Gives cells their y: stacked first, then each pulled to the middle of its neighbours as far as its column allows. */
function stack(columns, links) {
  const high = (column) => column.reduce((sum, c) => sum + c.height, 0) + gap.y * (column.length - 1);
  const height = Math.max(0, ...columns.map(high));
  for (const column of columns) {
    let y = (height - high(column)) / 2;
    for (const cell of column) {
      cell.y = y;
      y += cell.height + gap.y;
    }
  }
  for (let round = 0; round < 8; round++) for (const column of [...columns].reverse()) relax(column, links, height);
  return height;
}

function relax(column, links, height) {
  const centre = (c) => c.y + c.height / 2;
  for (const cell of column) {
    // A lane lies where its line goes, so that long lines are straight; a box lies between all its neighbours.
    const near = links.filter(([a, b]) => (cell.node ? a === cell || b === cell : a === cell)).map(([a, b]) => centre(a === cell ? b : a));
    if (near.length) cell.y = mean(near) - cell.height / 2;
  }
  let floor = 0;
  for (const cell of column) {
    cell.y = Math.max(cell.y, floor);
    floor = cell.y + cell.height + gap.y;
  }
  let ceiling = height;
  for (const cell of [...column].reverse()) {
    cell.y = Math.min(cell.y, ceiling - cell.height);
    ceiling = cell.y - gap.y;
  }
}

/** The curve of an edge. Lines that leave or enter one box spread over its side, in the order of their other ends. */
function draw({ edge, points }, chains) {
  const spread = (cell, mine, end) => {
    const all = chains.filter((c) => c.points.at(end === 'out' ? 0 : -1) === cell);
    all.sort((a, b) => other(a, end).y - other(b, end).y);
    return pad + cell.y + cell.height / 2 + (all.findIndex((c) => c.edge === mine) - (all.length - 1) / 2) * 18;
  };
  const last = points.length - 1;
  let path = '';
  let label = null;
  for (let i = 0; i < last; i++) {
    const [a, b] = [points[i], points[i + 1]];
    const from = { x: a.x + box.width, y: i === 0 ? spread(a, edge, 'out') : pad + a.y + a.height / 2 };
    const to = { x: b.x, y: i === last - 1 ? spread(b, edge, 'in') : pad + b.y + b.height / 2 };
    const bend = (to.x - from.x) / 2;
    path += (i === 0 ? `M${from.x} ${from.y}` : '') + `C${from.x + bend} ${from.y} ${to.x - bend} ${to.y} ${to.x} ${to.y}`;
    if (i < last - 1) path += `H${b.x + box.width}`;
    if (i === 0) label = i < last - 1 ? { x: to.x + box.width / 2, y: to.y - 7 } : beside(from, to, chains.filter((c) => c.points.at(-1) === b).length > 1);
  }
  return { edge, path, label };
}

/**
 * The place of a label: on the outer side of the bend, so that it does not cover the line; on the line where others come
 * in beside it.
 */
function beside(from, to, crowded) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  if (crowded) return { x: from.x + dx * 0.5, y: from.y + dy * 0.5 + 4 };
  return { x: from.x + dx * 0.48, y: dy > 12 ? to.y + 15 : Math.min(from.y, to.y) - 9 };
}

const other = (c, end) => (end === 'out' ? c.points[1] : c.points.at(-2));
