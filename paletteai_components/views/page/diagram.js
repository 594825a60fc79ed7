/* The diagram of a stack: which boxes are shown, where they are, the lines between them, and a picture to save. */

const html = htm.bind(preact.h);

// The heights of a row of text, of what is around the rows of a box, and of the gaps between boxes.
const [LINE, AROUND, GAP] = [18, 12, 10];
// Below this width, boxes are a list.
const NARROW = 560;
const HEADINGS = 24;
const BEND = 8;
// Lines meet a box in the middle of its first two rows.
const MIDDLE = (AROUND + 2 * LINE) / 2;
// How many children of a box are shown at first, how many of them elsewhere, and how many more at a time.
const [FIRST, FIRST_ELSEWHERE, MORE] = [30, 3, 200];

/**
 * A box in its place. `level` and `at` are its depth and its position among its `size` siblings.
 * @typedef {{of: Box, parent: ?Node, level: number, at: number, size: number, children: Node[],
 *   x: number, y: number, width: number, height: number}} Node
 */

const moreBox = (key, lane, rest, kind = '') => box({
  key: `more:${key}${kind}`, kind: 'More', name: `Show ${number(Math.min(rest, MORE))} more`, words: [`${number(rest)} hidden`],
  style: 'more', lane, of: `${key}${kind}`,
});

/** Some of a list, and a box for the rest. */
function limited(children, key, lane, first, limits, kind = '') {
  const limit = limits.get(`${key}${kind}`) ?? first;
  const rest = children.length - limit;
  return rest > 0 ? [...children.slice(0, limit), moreBox(key, lane, rest, kind)] : children;
}

/**
 * The boxes that are shown, each in its place. `hits` are the keys that a search is about, or null for all.
 * @param {Box} tree @returns {{nodes: Node[], width: number, height: number, lanes: Object[], isList: boolean}}
 */
function layoutOf(tree, { width, limits, hits }) {
  const isList = width < NARROW;
  const gap = Math.round(Math.max(32, Math.min(80, width * 0.06)));
  const shares = [0.33, 0.28, 0.39].map((share) => Math.min(480, Math.floor((width - 2 * gap) * share)));
  const lanes = shares.map((share, lane) => ({ x: shares.slice(0, lane).reduce((sum, each) => sum + each + gap, 0), width: share }));
  const fits = (of) => !hits || hits.has(of.key) || of.children.some(fits);
  const nodes = [];
  let cursor = HEADINGS;
  const place = (of, parent, at, size) => {
    const lane = of.kind === 'Elsewhere' || of.key.startsWith('more:integrations') ? { x: 24, width: lanes[0].width - 24 } : lanes[of.lane];
    const height = AROUND + LINE * Math.max(2, 1 + of.words.length);
    const node = { of, parent, level: parent ? parent.level + 1 : 1, at, size, children: [], ...lane, y: cursor, height };
    nodes.push(node);
    if (parent) parent.children.push(node);
    const children = limited(of.children.filter(fits), of.key, of.lane + 1, FIRST, limits);
    const others = limited(of.others ?? [], of.key, 0, FIRST_ELSEWHERE, limits, ':like');
    const all = children.length + others.length;
    const bottom = node.y + height + GAP;
    children.forEach((child, index) => place(child, node, index, all));
    const below = cursor;
    cursor = bottom;
    others.forEach((other, index) => place(other, node, children.length + index, all));
    cursor = Math.max(cursor, below, bottom);
    if (of.lane === 0) cursor += 6;
    return node;
  };
  // The tenant is above the lanes, in a line of its own.
  const root = { of: tree, parent: null, level: 1, at: 0, size: 1, children: [], x: 0, y: 0, width: 0, height: AROUND + LINE };
  nodes.push(root);
  cursor = root.height + GAP + HEADINGS;
  const shown = limited(tree.children.filter(fits), tree.key, 0, FIRST, limits);
  shown.forEach((child, at) => place(child, root, at, shown.length));
  const used = lanes.filter((_, lane) => nodes.some(({ of }) => of.kind !== 'Tenant' && of.lane === lane));
  root.width = Math.max(...(used.length ? used : [lanes[0]]).map((lane) => lane.x + lane.width));
  return { nodes, lanes, width: root.width, height: Math.max(cursor, root.height + GAP), top: root.height + GAP, isList };
}

const hiddenBehind = (tree, key) => {
  const way = (of) => {
    if (of.key === key) return [];
    for (const [list, kind] of [[of.children, ''], [of.others ?? [], ':like']]) {
      for (const [at, child] of list.entries()) {
        const rest = way(child);
        if (rest) return [[`${of.key}${kind}`, at + 1], ...rest];
      }
    }
    return null;
  };
  return way(tree) ?? [];
};

/** The keys of a box, of what it is below and of what is below it. @param {Node[]} nodes */
function pathOf(nodes, key) {
  const lit = new Set();
  const node = nodes.find(({ of }) => of.key === key);
  for (let each = node; each; each = each.parent) lit.add(each.of.key);
  const down = (each) => { lit.add(each.of.key); each.children.forEach(down); };
  if (node && node.parent) down(node);
  return lit;
}

/** The lines of a diagram: straight to the first child, and from there down to the others. @param {Node[]} nodes */
function edgesOf(nodes) {
  return nodes.filter(({ parent }) => parent?.parent).map((target) => {
    const { parent: source, of } = target;
    const style = of.kind === 'Elsewhere' ? 'elsewhere' : of.kind === 'More' ? 'plain' : of.lane === 2 ? of.style : 'plain';
    const [end, key] = [target.y + MIDDLE, of.key];
    if (target.x < source.x + source.width) {
      const x = 11;
      return { style, key, d: `M${x},${source.y + source.height}V${end - BEND}Q${x},${end} ${x + BEND},${end}H${target.x}` };
    }
    const start = source.y + MIDDLE;
    const from = source.x + source.width;
    const middle = target.x - 20;
    if (end === start) return { style, key, d: `M${from},${start}H${target.x}`, cross: [target.x - 9, end] };
    return { style, key, d: `M${from},${start}H${middle - BEND}Q${middle},${start} ${middle},${start + BEND}V${end - BEND}Q${middle},${end} ${middle + BEND},${end}H${target.x}`, cross: [target.x - 9, end] };
  });
}

const crossAt = ([x, y]) => `M${x - 5},${y - 5}l10,10m0,-10l-10,10`;

/** @param {{nodes: Node[], lit: ?Set<string>}} given */
function Edges({ nodes, lit }) {
  const edges = edgesOf(nodes);
  const seen = (name, { key }) => `edge ${name}${lit?.has(key) ? ' lit' : ''}`;
  return html`${edges.map((edge) => html`<path class=${seen(edge.style, edge)} d=${edge.d} />`)}
    ${edges.filter(({ style }) => style === 'own').map((edge) => html`<path class="edge core" d=${edge.d} />`)}
    ${edges.filter(({ style, cross }) => style === 'nowhere' && cross).map(({ cross }) => html`<path class="edge cross" d=${crossAt(cross)} />`)}`;
}

/** What is above a lane, with what all names in it begin with. @param {Box} tree */
const titleOfLane = ({ prefix }, at) => (at === 2 && prefix ? `${LANES[at]}: ${prefix}\u2026` : LANES[at]);

/** A text in so many characters, without its middle. */
function shortened(text, most) {
  if (text.length <= most) return text;
  const tail = Math.floor((most - 1) / 2);
  return `${text.slice(0, most - 1 - tail)}\u2026${text.slice(text.length - tail)}`;
}

// How the frame of a box is dashed in a saved picture, by its style.
const DASHES = { settingsRef: '8 5', sharedClusterOnly: '2 3', elsewhere: '4 3', remark: '2 3' };
// What a saved picture takes from the page, because it has no style sheet.
const KEPT = ['fill', 'stroke', 'stroke-width', 'stroke-dasharray', 'stroke-linecap'];

/**
 * The diagram as an SVG document in the colours of the page.
 * @returns {SVGElement}
 */
function pictureOf(tree, title) {
  const width = 1200;
  const { nodes, lanes, height, top } = layoutOf(tree, { width, limits: new Map([...all(tree)].map(({ key }) => [key, Infinity])), hits: null });
  const frames = { fallback: 'fallback', settingsRef: 'settings-ref', own: 'own', sharedClusterOnly: 'shared', nowhere: 'nowhere', credential: 'text', elsewhere: 'text', tenant: 'text' };
  const holder = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  holder.setAttribute('class', 'picture');
  document.body.append(holder);
  // A computed colour is that of the theme; the property itself still has both.
  const colour = (name) => {
    holder.setAttribute('color', `var(--${name})`);
    return getComputedStyle(holder).color;
  };
  const text = (x, y, words, size, weight, fill, decoration) =>
    html`<text x=${x} y=${y} font-size=${size} font-weight=${weight} fill=${colour(fill)} text-decoration=${decoration || null}>${words}</text>`;
  preact.render(html`<title>${title}</title><rect width="100%" height="100%" fill=${colour('surface')} />
    <g transform="translate(16 16)" font-family="system-ui, sans-serif">
    ${LANES.map((lane, at) => text(lanes[at].x, top + 14, titleOfLane(tree, at), 12, 600, 'faint'))}
    <${Edges} nodes=${nodes} />
    ${nodes.map(({ of, x, y, width: wide, height: high }) => {
      const frame = colour(frames[of.kind === 'Tenant' ? 'tenant' : of.style] ?? 'faint');
      const severity = worst(of.problems);
      const isRow = of.kind === 'Tenant';
      const what = of.change?.[0];
      const badge = what ? 8 * what.length + 12 : 0;
      const most = Math.floor((wide - 24) / 8);
      return html`<g><title>${labelOf(of)}</title>
        <rect x=${x} y=${y} width=${wide} height=${high} rx=${of.style === 'sharedClusterOnly' ? 18 : of.style === 'fallback' ? 8 : 2}
          fill=${colour(what && what !== 'removed' ? 'changed' : 'surface')} stroke=${frame} stroke-width="2" stroke-dasharray=${DASHES[of.style] ?? 'none'} />
        ${of.style === 'own' && html`<rect x=${x + 4} y=${y + 4} width=${wide - 8} height=${high - 8} fill="none" stroke=${frame} stroke-width="1.5" />`}
        ${severity && html`<rect x=${x} y=${y} width="6" height=${high} fill=${colour(severity)} />`}
        ${text(x + 14, y + 19, shortened(isRow ? joined(of.name, ...of.words, summary(of.problems)) : of.short, most - badge / 8), 14, 600, 'text', what === 'removed' && 'line-through')}
        ${what && html`<rect x=${x + wide - badge - 8} y=${y + 6} width=${badge} height="18" rx="3" fill=${colour('surface')} stroke=${colour('accent')} stroke-width="2" />
          <text x=${x + wide - badge / 2 - 8} y=${y + 19} text-anchor="middle" font-size="12" font-weight="600" fill=${colour('accent')}>${what}</text>`}
        ${!isRow && of.words.map((words, at) => text(x + 14, y + 19 + LINE * (at + 1), shortened(at || !of.problems.length ? words : joined(words, summary(of.problems)), Math.floor(most * 1.12)), 12, 400, 'faint'))}</g>`;
    })}</g>`, holder);
  for (const path of holder.querySelectorAll('.edge')) {
    const style = getComputedStyle(path);
    for (const name of KEPT) path.setAttribute(name, style.getPropertyValue(name));
    path.removeAttribute('class');
  }
  holder.remove();
  holder.removeAttribute('class');
  holder.removeAttribute('color');
  const size = [width + 32, height + 32];
  holder.setAttribute('width', size[0]);
  holder.setAttribute('height', size[1]);
  holder.setAttribute('viewBox', `0 0 ${size[0]} ${size[1]}`);
  return holder;
}

function download(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function save(tree, name, kind) {
  const picture = pictureOf(tree, `Diagram of ${name}`);
  const text = new XMLSerializer().serializeToString(picture);
  if (kind === 'svg') {
    download(new Blob([text], { type: 'image/svg+xml' }), `${name}.svg`);
    return;
  }
  const image = new Image();
  image.onload = () => {
    // Twice the size, so that print is sharp; less where a browser has no canvas as high.
    const scale = Math.min(2, 16_000 / image.height);
    const canvas = Object.assign(document.createElement('canvas'), { width: image.width * scale, height: image.height * scale });
    canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => download(blob, `${name}.png`), 'image/png');
  };
  image.src = `data:image/svg+xml,${encodeURIComponent(text)}`;
}
