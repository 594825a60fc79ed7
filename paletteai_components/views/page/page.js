/* The page: the list of tenants and its filter, the diagram, the details around it, and the keyboard. */

const element = (id) => document.getElementById(id);

// The diagram: left edge and width of its columns, height of a box, of a row, and of the headings.
const COLUMNS = [{ x: 0, width: 190 }, { x: 250, width: 270 }, { x: 580, width: 280 }];
const [BOX, ROW, HEADINGS] = [52, 64, 32];
const BEND = 10;
// How many entries of a long list are shown at first, and how many more at a time.
const [FIRST, MORE] = [30, 200];

const state = { stack: -1, query: '', only: false };
/** The tree of the stack that is shown. @type {Box} */
let tree;
/** How many children of a box are shown, by its key. @type {Map<string, number>} */
let limits;

const address = (name) => `#${new URLSearchParams({ tenant: name })}`;

function badges(selection, counts) {
  selection.selectAll(null).data(counts).join('span')
    .attr('class', ({ severity }) => `badge ${severity}`)
    .text(({ severity, count }) => plural(count, severity));
}

/** Text on one line, with the full text as its tooltip. */
function line(selection, name, text) {
  selection.append('span').attr('class', name).attr('title', text).text(text);
}

// --- The tenants ------------------------------------------------------------------------------------------

const texts = data.stacks.map(textOf);
const terms = () => state.query.toLowerCase().split(/\s+/).filter(Boolean);

const items = d3.select('#tenants').selectAll('li').data(data.stacks).join('li');
const links = items.append('a').attr('href', ({ name }) => address(name)).attr('tabindex', -1)
  .each(function describe(stack) {
  const { name, environment, cluster, tenant, problems } = stack;
  const isInName = tenant && name === `${tenant.name}.${environment}`;
  const who = !isInName && joined(tenant ? `tenant ${tenant.name}` : 'no tenant', environment);
  const link = d3.select(this);
  line(link, 'name', name);
  line(link, 'words', joined(who, cluster && `cluster ${cluster}`, tenant && plural(tenant.projects.length, 'project')));
  badges(link.append('span').attr('class', 'badges'), counted(problems));
});
const linkOf = (stack) => links.nodes()[stack];
const listed = () => links.nodes().filter((link) => !link.parentNode.hidden);

function filter() {
  const sought = terms();
  let count = 0;
  items.each(function fit({ problems }, at) {
    const fits = (problems.length || !state.only) && sought.every((term) => texts[at].includes(term));
    if (this.hidden === fits) this.hidden = !fits;
    count += fits;
  });
  const all = plural(texts.length, 'tenant');
  element('count').textContent = count === texts.length ? all : `${number(count)} of ${all}`;
  rove();
}

/** Let the Tab key stop at one link only: the chosen one, else the first. */
function rove() {
  const open = listed();
  const stop = open.includes(linkOf(state.stack)) ? linkOf(state.stack) : open[0];
  d3.selectAll('#tenants [tabindex="0"]').attr('tabindex', -1);
  d3.selectAll('#tenants [aria-current]').attr('aria-current', null);
  if (stop) d3.select(stop).attr('tabindex', 0);
  if (state.stack >= 0) d3.select(linkOf(state.stack)).attr('aria-current', 'true');
}

const choose = (stack) => show(stack, found(data.stacks[stack], terms()));

// --- The address ------------------------------------------------------------------------------------------

function remember(how) {
  const parts = new URLSearchParams({ tenant: data.stacks[state.stack]?.name ?? '' });
  if (state.query) parts.set('search', state.query);
  if (state.only) parts.set('problems', 'only');
  if (`#${parts}` !== window.location.hash) window.history[how](null, '', `#${parts}`);
}

function recall() {
  const parts = new URLSearchParams(window.location.hash.slice(1));
  state.query = parts.get('search') ?? '';
  state.only = parts.get('problems') === 'only';
  element('query').value = state.query;
  element('only').checked = state.only;
  filter();
  const chosen = data.stacks.findIndex(({ name }) => name === parts.get('tenant'));
  const first = listed()[0] ?? linkOf(0);
  show(chosen >= 0 ? chosen : links.nodes().indexOf(first));
  linkOf(state.stack)?.scrollIntoView({ block: 'nearest' });
}

// --- The diagram ------------------------------------------------------------------------------------------

/** The children of a box that are shown, and a box for the hidden ones. @param {Box} parent */
function open({ key, children }) {
  const limit = limits.get(key) ?? FIRST;
  const rest = children.length - limit;
  if (rest <= 0) return children;
  const name = `Show ${number(Math.min(rest, MORE))} more`;
  const more = box({ key: `more:${key}`, kind: 'More', name, words: `${number(rest)} hidden`, style: 'more' });
  return [...children.slice(0, limit), more];
}

function draw() {
  const root = d3.hierarchy(tree, open);
  d3.tree().nodeSize([ROW, 1]).separation((a, b) => (a.parent === b.parent ? 1 : 1.2))(root);
  // A parent is beside its first child, so that it is visible however many there are.
  root.eachAfter((each) => { each.x = each.children ? each.children[0].x : each.x; });
  const highest = Math.min(...root.descendants().map(({ x }) => x));
  root.each((each) => { each.y = Math.round(each.x - highest) + HEADINGS; });
  const height = Math.max(...root.descendants().map(({ y }) => y)) + BOX;
  d3.select('#canvas').selectAll('*').remove();
  const sheet = d3.select('#canvas').append('div').attr('class', 'sheet').style('--height', `${height}px`);
  sheet.selectAll(null).data(['Tenant', 'Settings', 'Projects'].slice(0, root.height + 1)).join('span')
    .attr('class', 'heading').attr('aria-hidden', 'true')
    .style('--x', (_, depth) => `${COLUMNS[depth].x}px`)
    .text((title) => title);
  drawEdges(sheet.append('svg').attr('aria-hidden', 'true').attr('height', height), root.links());
  const label = `Diagram of ${tree.kind.toLowerCase()} ${tree.name}`;
  drawBoxes(sheet.append('ul').attr('role', 'tree').attr('aria-label', label), [root]);
}

/** Lines between boxes: straight to the first child, and from there down to the others. */
function drawEdges(svg, edges) {
  const style = ({ target }) => (target.depth === 1 ? 'plain' : target.data.style);
  const curve = ({ source, target }) => {
    const from = COLUMNS[source.depth].x + COLUMNS[source.depth].width;
    const to = COLUMNS[target.depth].x;
    const middle = (from + to) / 2;
    const above = source.children[source.children.indexOf(target) - 1];
    const [start, end] = [source.y + BOX / 2, target.y + BOX / 2];
    const path = d3.path();
    if (!above) {
      path.moveTo(from, start);
    } else if (above === source.children[0]) {
      path.moveTo(middle - BEND, start);
      path.arcTo(middle, start, middle, end, BEND);
    } else {
      path.moveTo(middle, above.y + BOX / 2 - BEND);
    }
    if (above) path.arcTo(middle, end, to, end, BEND);
    path.lineTo(to, end);
    return path.toString();
  };
  const cross = ({ target }) => crossAt(COLUMNS[target.depth].x - 14, target.y + BOX / 2);
  const add = (some, name, shape) =>
    svg.selectAll(null).data(some).join('path').attr('class', name).attr('d', shape);
  add(edges, (edge) => `edge ${style(edge)}`, curve);
  add(edges.filter((edge) => style(edge) === 'own'), 'edge core', curve);
  add(edges.filter((edge) => style(edge) === 'nowhere'), 'edge cross', cross);
}

const crossAt = (x, y) => `M${x - 6},${y - 6}l12,12m0,-12l-12,12`;

/** The boxes of one level and those below: nested lists, which a wide page lays out as a diagram. */
function drawBoxes(list, nodes) {
  const rows = list.selectAll(null).data(nodes).join('li').attr('role', 'none');
  const boxes = rows.append('div').attr('role', 'treeitem').attr('tabindex', -1).attr('aria-selected', 'false')
    .attr('id', ({ data: { key } }) => `box-${key}`)
    .attr('class', ({ data: { kind, style, problems } }) =>
      ['box', kind.toLowerCase(), style, counted(problems)[0]?.severity ?? ''].join(' '))
    .attr('aria-label', (node) => labelOf(node.data))
    .attr('aria-level', ({ depth }) => depth + 1)
    .attr('aria-posinset', (_, at) => at + 1)
    .attr('aria-setsize', ({ parent }) => parent?.data.children.length ?? 1)
    .attr('aria-owns', ({ children, data: { key } }) => (children ? `below-${key}` : null))
    .style('--x', ({ depth }) => `${COLUMNS[depth].x}px`)
    .style('--y', ({ y }) => `${y}px`)
    .style('--width', ({ depth }) => `${COLUMNS[depth].width}px`)
    .on('click', (_, node) => enter(node, false));
  boxes.each(function fill({ data: { name, words, problems } }) {
    line(d3.select(this), 'name', name);
    if (!words && !problems.length) return;
    const second = d3.select(this).append('span').attr('class', 'second');
    line(second, 'words', words);
    badges(second, counted(problems).slice(0, 1));
  });
  rows.filter(({ children }) => children).append('ul').attr('role', 'group')
    .attr('id', ({ data: { key } }) => `below-${key}`)
    .each(function below({ children }) { drawBoxes(d3.select(this), children); });
}

/** Open a box: show more boxes, or its details. */
function enter({ data: { key, kind }, parent }, byKeyboard) {
  if (kind === 'More') {
    const { key: above, children } = parent.data;
    const limit = limits.get(above) ?? FIRST;
    limits.set(above, limit + MORE);
    draw();
    go(children[limit].key);
  } else if (byKeyboard) {
    element('details').focus();
  } else {
    go(key);
  }
}

/** Show a box that is hidden behind a "Show more". @param {string} key @param {Box} parent */
function uncover(key, parent) {
  const at = parent.children.findIndex((child) => child.key === key || uncover(key, child));
  if (at >= 0) limits.set(parent.key, Math.max(limits.get(parent.key) ?? FIRST, at + 1));
  return at >= 0;
}

/** Move the focus to a part of the stack. @param {string} key */
function go(key) {
  const part = () => element(`box-${key}`) ?? element(`card-${key}`);
  if (!part() && uncover(key, tree)) draw();
  const target = part() ?? element('box-tenant');
  d3.select(target).select('details').property('open', true);
  target.focus();
  target.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}

/** Make a box the current one: the Tab key stops at it, and the details show it. */
function settle(target) {
  d3.selectAll('#canvas .box').attr('tabindex', -1).attr('aria-selected', 'false');
  d3.select(target).attr('tabindex', 0).attr('aria-selected', 'true').each((node) => showDetails(node.data));
}

// --- Around the diagram -----------------------------------------------------------------------------------

/** Problems in full. @param {number[]} problems */
function explain(section, problems) {
  const rows = section.append('ul').attr('class', 'problems').selectAll(null).data(problems).join('li');
  rows.each(function fill(at) {
    const [severity, code, message, help, where] = data.problems[at];
    const row = d3.select(this);
    row.append('span').attr('class', `badge ${severity}`).text(`${severity} ${code}`);
    row.append('p').text(message);
    row.append('p').attr('class', 'help').text(help);
    row.append('p').selectAll(null).data(where).join('code').text((place) => placed(...place));
  });
}

/** @param {Box} of */
function showDetails(of) {
  const section = d3.select('#details');
  section.selectAll('*').remove();
  section.append('h3').attr('id', 'details-title').text(titleOf(of));
  const facts = section.append('dl').selectAll(null).data(of.facts).join('div');
  facts.append('dt').text(([term]) => term);
  facts.append('dd').text(([, fact]) => fact);
  if (of.problems.length) explain(section, of.problems);
}

/** @param {?Tenant} tenant */
function showIntegrations(tenant) {
  const section = d3.select('#integrations');
  section.selectAll('*').remove();
  section.append('h3').attr('id', 'integrations-title').text('Integrations');
  if (!tenant?.integrations.length) section.append('p').text('No integration is declared.');
  const cards = section.append('ul').selectAll(null).data(tenant?.integrations ?? []).join('li');
  cards.attr('id', (_, at) => `card-integrations:${at}`).attr('tabindex', -1).each(function fill(integration) {
    const { name, feeds, overridden, made, problems } = integration;
    const card = d3.select(this);
    const overrides = overridden ? `, overridden by ${number(overridden)}` : '';
    card.append('h4').attr('title', name).text(name);
    card.append('p').text(`used by ${feeds ? plural(feeds, 'project') : 'no project'}${overrides}`);
    if (!made) card.append('p').attr('class', 'faint').text('Its Secret is external.');
    if (likes(integration)) card.append('p').attr('class', 'same').text(`Same credential: ${likes(integration)}`);
    if (!problems.length) return;
    const details = card.append('details');
    badges(details.append('summary'), counted(problems));
    explain(details, problems);
  });
}

/** List all problems up to a limit, each with a link to what it concerns. */
function showProblems(limit) {
  const all = data.problems.map((problem, at) => ({ problem, target: targets[at] }));
  const rest = all.length - limit;
  element('all').hidden = !all.length;
  element('all-title').textContent = `Problems: ${summary([...all.keys()])}`;
  d3.select('#all-problems').selectAll('li').data(all.slice(0, limit)).enter().append('li').each(function fill(each) {
    const { problem: [severity, code, message, , where], target } = each;
    const entry = d3.select(this).append(target ? 'a' : 'span').attr('class', 'entry');
    entry.append('span').attr('class', `badge ${severity}`).text(`${severity} ${code}`);
    entry.append('code').text(where.length ? placed(...where[0]) : '');
    entry.append('span').text(message);
    if (!target) return;
    entry.attr('href', address(data.stacks[target.stack].name)).on('click', (event) => {
      event.preventDefault();
      show(target.stack, target.key);
    });
  });
  d3.select('#all-more').property('hidden', rest <= 0).text(`Show ${number(Math.min(rest, MORE))} more`)
    .on('click', () => showProblems(limit + MORE));
}

function showLegend() {
  const items = d3.select('#legend').selectAll(null).data(Object.entries(SOURCES)).join('li');
  items.each(function fill([source, { legend }]) {
    const item = d3.select(this);
    const svg = item.append('svg').attr('aria-hidden', 'true').attr('width', 40).attr('height', 16);
    svg.append('path').attr('class', `edge ${source}`).attr('d', 'M0,8H40');
    if (source === 'own') svg.append('path').attr('class', 'edge core').attr('d', 'M0,8H40');
    if (source === 'nowhere') svg.append('path').attr('class', 'edge cross').attr('d', crossAt(26, 8));
    item.append('span').attr('class', `sample ${source}`).attr('aria-hidden', 'true');
    item.append('span').text(legend);
  });
}

// --- The page ---------------------------------------------------------------------------------------------

/** Show a stack and, if a key is given, go to that part of it. */
function show(stack, key) {
  element('tenant').hidden = stack < 0;
  if (stack < 0) return;
  if (stack !== state.stack) {
    const { name, environment, cluster, file, tenant } = data.stacks[stack];
    state.stack = stack;
    limits = new Map();
    tree = treeOf(data.stacks[stack]);
    document.title = `${name} \u2013 PaletteAI tenants`;
    element('tenant-title').textContent = name;
    const where = cluster ? `cluster ${cluster}` : 'no cluster named';
    element('facts').textContent = joined(`environment ${environment}`, where, file);
    showIntegrations(tenant);
    draw();
    settle(element('box-tenant'));
    element('canvas').scrollTop = 0;
    rove();
  }
  if (key) {
    remember('pushState');
    go(key);
  }
}

/** The element in a row that a key leads to from another one. */
function stepped(key, row, from) {
  const at = row.indexOf(from);
  const [last, pages] = [row.length - 1, { PageUp: at - 10, PageDown: at + 10 }];
  const steps = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: last, ...pages };
  return row[Math.max(0, Math.min(last, steps[key]))];
}

/** The element that a key leads to from a link in the list. */
function fromLink(event) {
  return event.key === 'Escape' ? element('query') : stepped(event.key, listed(), event.target);
}

/** The element that a key leads to from a box. */
function fromBox(event) {
  const { parent, children } = d3.select(event.target).datum();
  const near = {
    ArrowLeft: parent && element(`box-${parent.data.key}`),
    ArrowRight: children && element(`box-${children[0].data.key}`),
    Escape: linkOf(state.stack),
  };
  return near[event.key] ?? stepped(event.key, d3.selectAll('#canvas .box').nodes(), event.target);
}

function listen() {
  const to = (event, target) => {
    if (!target) return;
    event.preventDefault();
    target.focus();
  };
  const on = (id, kind, listener) => element(id).addEventListener(kind, listener);
  const current = () => document.querySelector('#canvas [tabindex="0"]');
  let resting;
  on('query', 'input', () => {
    state.query = element('query').value.trim();
    filter();
    // Browsers limit how often a page may change its address.
    clearTimeout(resting);
    resting = setTimeout(remember, 300, 'replaceState');
  });
  on('only', 'change', () => {
    state.only = element('only').checked;
    filter();
    remember('replaceState');
  });
  on('query', 'keydown', (event) => {
    if (event.key === 'ArrowDown') to(event, listed()[0]);
    if (event.key === 'Enter' && listed().length) choose(links.nodes().indexOf(listed()[0]));
  });
  on('tenants', 'keydown', (event) => to(event, fromLink(event)));
  on('tenants', 'click', (event) => {
    const link = event.target.closest('a');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    choose(links.nodes().indexOf(link));
  });
  on('canvas', 'focusin', (event) => settle(event.target));
  on('canvas', 'keydown', (event) => {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      enter(d3.select(event.target).datum(), true);
    } else {
      to(event, fromBox(event));
    }
  });
  for (const id of ['details', 'integrations']) {
    on(id, 'keydown', (event) => to(event, event.key === 'Escape' && current()));
  }
  on('skip', 'click', (event) => to(event, current()));
  document.addEventListener('keydown', (event) => {
    const typing = event.target === element('query') || event.ctrlKey || event.metaKey || event.altKey;
    if (event.key === '/' && !typing) to(event, element('query'));
  });
  window.addEventListener('hashchange', recall);
}

const projects = data.stacks.reduce((sum, { tenant }) => sum + (tenant?.projects.length ?? 0), 0);
element('sum').textContent = joined(plural(data.stacks.length, 'stack'), plural(projects, 'project'));
showLegend();
showProblems(FIRST);
listen();
recall();
