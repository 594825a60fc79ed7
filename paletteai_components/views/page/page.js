/* The page: one state, what is shown of it, its address, and the keyboard. Whatever changes the state draws anew. */

const element = (id) => document.getElementById(id);

const NO_FILTERS = Object.fromEntries(Object.keys(FILTERS).map((name) => [name, []]));
const [TILES, LINKS, CHIPS, PROBLEMS] = [16, 60, 8, 10];
// The parts of a stack that an address can name.
const PARTS = { project: 'projects', settings: 'settings', integration: 'integrations' };

const state = {
  stack: -1, key: 'tenant', wrong: null,
  query: '', only: false, changed: false, filters: NO_FILTERS, grouped: true,
  // How much is shown of long lists, by their names.
  limits: new Map(),
  everything: false, lit: null, tile: null, width: 0,
};

/** A function of the state that computes again only when what it depends on changes. */
function derived(on, compute) {
  let [known, value] = [null, null];
  return () => {
    const now = JSON.stringify(on());
    if (now !== known) [known, value] = [now, compute()];
    return value;
  };
}

const view = derived(() => [state.query, state.only, state.changed, state.filters], () => left(state));
const tree = derived(() => state.stack, () => treeOf(data.stacks[state.stack]));
const hits = derived(() => [state.stack, state.query], () => (state.stack < 0 ? null : found(tree(), state.stack, view().terms)));
const shownProblems = derived(() => [state.query, state.only, state.changed, state.filters], () =>
  problemsLeft(view().fitting, state.query, state.filters.code));
const rows = derived(() => [state.query, state.only, state.changed, state.filters], () => grouped(view().fitting));
const isFiltered = () => state.only || state.changed || Object.values(state.filters).some((each) => each.length);
const layout = () => layoutOf(tree(), {
  width: state.width, limits: state.limits, hits: state.everything ? null : hits(),
});

// --- The address ------------------------------------------------------------------------------------------

/** @param {{stack: number, key?: string}} to */
function addressOf({ stack, key }) {
  const parts = new URLSearchParams();
  if (stack >= 0) {
    const { name, tenant } = data.stacks[stack];
    parts.set('tenant', name);
    const [kind, position] = (key ?? '').split(':');
    const word = Object.keys(PARTS).find((each) => PARTS[each] === kind);
    if (word && tenant?.[kind][position]) parts.set(word, tenant[kind][position].name);
  }
  return parts;
}

function address() {
  const parts = addressOf(state);
  if (state.query) parts.set('search', state.query);
  if (state.only) parts.set('problems', 'only');
  if (state.changed) parts.set('changes', 'only');
  for (const [name, values] of Object.entries(state.filters)) for (const value of values) parts.append(name, value);
  if (!state.grouped) parts.set('group', 'none');
  return `#${parts}`;
}

let resting;
/** Browsers limit how often a page may change its address, so only a step that can be gone back is written at once. */
function remember(isStep) {
  clearTimeout(resting);
  const write = (how) => address() !== (window.location.hash || '#') && window.history[how](null, '', address());
  if (isStep) write('pushState');
  else resting = setTimeout(write, 300, 'replaceState');
}

/** What a part of an address leads to. @param {URLSearchParams} parts */
function destination(parts) {
  const name = parts.get('tenant');
  if (!name) return { stack: -1, key: 'tenant', wrong: null };
  const stack = data.stacks.findIndex((each) => each.name === name);
  if (stack < 0) return { stack, key: 'tenant', wrong: `There is no stack ${name} on this page.` };
  for (const [word, kind] of Object.entries(PARTS)) {
    const part = parts.get(word);
    if (part === null) continue;
    const at = data.stacks[stack].tenant?.[kind].findIndex((each) => each.name === part) ?? -1;
    if (at < 0) return { stack, key: 'tenant', wrong: `There is no ${word} ${part} in ${name}.` };
    return { stack, key: `${kind}:${at}`, wrong: null };
  }
  return { stack, key: 'tenant', wrong: null };
}

function recall() {
  const parts = new URLSearchParams(window.location.hash.slice(1));
  Object.assign(state, {
    query: parts.get('search') ?? '', only: parts.get('problems') === 'only', changed: parts.get('changes') === 'only',
    grouped: parts.get('group') !== 'none',
    filters: Object.fromEntries(Object.keys(FILTERS).map((name) => [name, parts.getAll(name)])),
  });
  show(destination(parts));
}

// --- What changes the state -------------------------------------------------------------------------------

/** Change what is sought. The lists begin anew. */
function seek(changes) {
  Object.assign(state, changes, { everything: false, tile: null });
  for (const list of ['tiles', 'links', 'problems']) state.limits.delete(list);
  draw();
  remember();
}

function toggle(name, value) {
  const values = state.filters[name];
  seek({ filters: { ...state.filters, [name]: values.includes(value) ? values.filter((each) => each !== value) : [...values, value] } });
}

const clear = () => seek({ query: '', only: false, changed: false, filters: NO_FILTERS });

/** Show a stack, or all of them, without moving the focus. */
function show({ stack, key, wrong }) {
  if (stack !== state.stack) Object.assign(state, { limits: new Map(), everything: false, lit: null });
  Object.assign(state, { stack, key: key ?? 'tenant', wrong });
  uncover();
  draw();
  element('tenants')?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
  // In one column, a tenant is below the list.
  if (state.stack >= 0 && state.key === 'tenant') element('main').scrollIntoView();
  else element(`box-${state.key}`)?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}

/** Make sure that the current box is shown, even behind a "Show more" or beyond a search. */
function uncover() {
  if (state.stack < 0) return;
  if (hits() && !hits().has(state.key) && state.key !== 'tenant') state.everything = true;
  for (const [list, least] of hiddenBehind(tree(), state.key)) {
    const first = list.endsWith(':like') ? FIRST_ELSEWHERE : FIRST;
    state.limits.set(list, Math.max(state.limits.get(list) ?? first, least));
  }
}

/** Go to a stack or a part of it, or to the start page, and move the focus there. */
function go(to) {
  show({ wrong: null, ...to });
  remember(true);
  if (to.stack < 0) {
    element('title').focus();
    window.scrollTo(0, 0);
  } else {
    focus(state.key);
  }
}

/** Make a box the current one. @param {string} key */
function settle(key) {
  if (key === state.key && !state.wrong) return;
  Object.assign(state, { key, wrong: null });
  draw();
  remember();
}

function focus(key) {
  const target = element(`box-${key}`) ?? element('box-tenant');
  target?.focus({ preventScroll: true });
  target?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}

/** Open a box: more boxes, a box elsewhere, or its details. @param {Box} of */
function enter(of, byKeyboard) {
  if (of.kind === 'More') {
    const { nodes } = layout();
    const at = nodes.findIndex((node) => node.of.key === of.key);
    const first = of.of.endsWith(':like') ? FIRST_ELSEWHERE : FIRST;
    state.limits.set(of.of, (state.limits.get(of.of) ?? first) + MORE);
    state.key = layout().nodes[at].of.key;
    draw();
    focus(state.key);
  } else if (of.kind === 'Elsewhere') {
    go(of.target);
  } else if (byKeyboard) {
    element('details').focus();
  } else {
    settle(of.key);
    focus(of.key);
  }
}

const showMore = (list, least, more = MORE) => {
  state.limits.set(list, (state.limits.get(list) ?? least) + more);
  draw();
};

// --- Small parts ------------------------------------------------------------------------------------------

/** A part of a text with what a search found in it marked. @param {string[]} terms */
function marked(text, terms, from = 0, to = text.length) {
  const lower = text.toLowerCase();
  if (!terms.length || lower.length !== text.length) return text.slice(from, to);
  const isIn = new Uint8Array(text.length);
  for (const term of terms) for (let at = lower.indexOf(term); at >= 0; at = lower.indexOf(term, at + 1)) isIn.fill(1, at, at + term.length);
  const pieces = [];
  for (let at = from; at < to;) {
    let end = at;
    while (end < to && isIn[end] === isIn[at]) end += 1;
    const piece = text.slice(at, end);
    pieces.push(isIn[at] ? html`<mark>${piece}</mark>` : piece);
    at = end;
  }
  return pieces;
}

/** A sentence about a problem: what stands between backticks is code. */
function prose(text, terms = []) {
  const pieces = text.split('`');
  if (pieces.length % 2 === 0) return marked(text, terms);
  return pieces.map((piece, at) => (at % 2 ? html`<code>${marked(piece, terms)}</code>` : marked(piece, terms)));
}

/** Text on one line: what does not fit is left out before its tail. */
function Line({ text, full = text, name = 'name', terms = [], tail = 9 }) {
  const split = text.length > tail + 7 ? text.length - tail : text.length;
  return html`<span class=${`line ${name}`} title=${full}><span class="head">${marked(text, terms, 0, split)}</span>${
    split < text.length && html`<span class="tail">${marked(text, terms, split)}</span>`}</span>`;
}

const isNew = (at) => data.problems[at][5] === true;
const NewBadge = ({ at }) => isNew(at) && html`<span class="badge change">new</span> `;

const Badges = ({ counts }) => counts.map(({ severity, count }) =>
  html`<span class=${`badge ${severity}`} key=${severity}>${plural(count, severity)}</span>`);

const ChangeBadge = ({ change }) => change && html`<span class=${`badge change ${change[0]}`}>${change[0]}</span>`;

/** Where something is declared, as a link if the page knows the repository. */
function Place({ file, line = null }) {
  const text = placed(file, line);
  const links = data.links?.[file];
  if (!links) return html`<code>${text}</code>`;
  const href = line === null ? links[1] : links[0].replace('{line}', line);
  return html`<a class="place" href=${href} target="_blank" rel="noreferrer noopener"><code>${text}</code></a>`;
}

const Button = ({ onClick, children, ...rest }) => html`<button type="button" onClick=${onClick} ...${rest}>${children}</button>`;

const More = ({ list, first, size, more = MORE }) => {
  const rest = size - (state.limits.get(list) ?? first);
  return rest > 0 && html`<${Button} onClick=${() => showMore(list, first, more)}>${rest > more ? `Show ${number(more)} more of ${number(rest)}` : `Show ${number(rest)} more`}</${Button}>`;
};

const linkTo = (to) => `#${addressOf(to)}`;
const linkToStack = remembered((at) => linkTo({ stack: at }));
const linkToProblem = remembered((at) => linkTo(targets[at]));

// --- The header and the side ------------------------------------------------------------------------------

function Header() {
  const { branch, commit, time, changed, base } = data.about;
  const projects = facts.reduce((sum, { source }) => [...source.values()].reduce((all, count) => all + count, sum), 0);
  return html`<header>
    <h1><a href="#">PaletteAI tenants</a></h1>
    <p id="sum">${joined(plural(parted(ordered).staying.length, 'stack'), plural(projects, 'project'))}</p>
    ${commit && html`<p id="about">${branch && html`<span>${branch}</span> `}<code title=${commit}>${commit.slice(0, 12)}</code> <time datetime=${time}>${time.slice(0, 16).replace('T', ' ')} ${time.slice(19)}</time>${
      changed && ', with uncommitted changes'}${base && `, compared with ${base}`}</p>`}
    <label class="theme">Theme <select id="theme" onChange=${(event) => setTheme(event.target.value)}>
      ${['system', 'light', 'dark'].map((each) => html`<option value=${each} selected=${each === theme()}>${each}</option>`)}
    </select></label>
  </header>`;
}

const theme = () => document.documentElement.dataset.theme ?? 'system';

function setTheme(name) {
  if (name === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  // Where a browser keeps nothing for a file, the choice lasts as long as the page.
  try { window.localStorage.setItem('paletteai-theme', name); } catch { /* Nothing is lost but the choice. */ }
}

/** Whether a filter has something to choose. A value that all stacks have divides nothing. @param {string} name */
function isOffered(name) {
  const [first, ...more] = view().counts[name].values();
  return state.filters[name].length > 0 || more.length > 0 || (first > 0 && first !== view().fitting.length);
}

function Filter({ name }) {
  const chosen = state.filters[name];
  const rank = (value) => (name === 'code' ? byCode.get(value)?.rank ?? 9 : 0);
  const counts = [...new Map([...chosen.map((each) => [each, 0]), ...view().counts[name]])]
    .sort(([one, many], [other, few]) => chosen.includes(other) - chosen.includes(one) || rank(one) - rank(other)
      || few - many || (one < other ? -1 : 1));
  const shown = counts.slice(0, state.limits.get(name) ?? CHIPS);
  if (!isOffered(name)) return null;
  return html`<fieldset class="filter"><legend>${FILTERS[name]}</legend><div class="chips">
    ${shown.map(([value, count]) => html`<${Chip} key=${value} name=${name} value=${value} count=${count} />`)}
    <${More} list=${name} first=${CHIPS} size=${counts.length} more=${50} /></div></fieldset>`;
}

function Chip({ name, value, count }) {
  const severity = name === 'code' ? byCode.get(value)?.severity : '';
  return html`<button type="button" class=${`chip ${severity ?? ''}`} aria-pressed=${String(state.filters[name].includes(value))}
    onClick=${() => toggle(name, value)}>${name === 'source' && html`<span class=${`sample ${value}`} aria-hidden="true"></span>`}<span class="value">${value}</span> <span class="count">${number(count)}</span></button>`;
}

/** By code, its worst severity. */
const byCode = new Map();
for (const [severity, code] of data.problems) {
  const rank = SEVERITIES.indexOf(severity);
  if (rank < (byCode.get(code)?.rank ?? SEVERITIES.length)) byCode.set(code, { severity, rank });
}

function Side() {
  const { fitting } = view();
  const { staying, removed } = parted(fitting);
  const size = parted(ordered).staying.length;
  const told = [
    staying.length === size ? plural(size, 'stack') : `${number(staying.length)} of ${plural(size, 'stack')}`,
    removed && `${number(removed)} removed`,
  ].filter(Boolean).join(', ');
  const onKey = (event) => {
    if (event.key === 'ArrowDown') to(event, document.querySelector('#tenants a, #fleet .tile'));
    if (event.key === 'Enter' && fitting.length) choose(fitting[0]);
    if (event.key === 'Escape' && state.query) seek({ query: '' });
  };
  return html`<div class="side">
    <div role="search" aria-label="Stacks">
      <label for="query">Search <kbd aria-hidden="true">/</kbd></label>
      <input type="search" id="query" autocomplete="off" spellcheck=${false} aria-describedby="query-help" aria-keyshortcuts="/"
        value=${state.query} onInput=${(event) => seek({ query: event.target.value })} onKeyDown=${onKey} />
      <p id="query-help">Tenant, environment, cluster, Settings, project, integration or problem code.</p>
      <label class="only"><input type="checkbox" id="only" checked=${state.only} onChange=${(event) => seek({ only: event.target.checked })} /> Only with problems</label>
      ${data.about.base && html`<label class="only"><input type="checkbox" id="changed" checked=${state.changed} onChange=${(event) => seek({ changed: event.target.checked })} /> Only with changes</label>`}
      <p role="status" id="count">${told}${hits() && state.stack >= 0 ? `, ${plural(hits().size, 'part')} of ${data.stacks[state.stack].name}` : ''}</p>
      ${(isFiltered() || state.query) && html`<${Button} onClick=${clear}>Clear search and filters</${Button}>`}
      ${Object.keys(FILTERS).some(isOffered) && html`<details class="filters" open=${state.stack < 0 && window.innerWidth >= 900}><summary>Filters</summary>
        ${Object.keys(FILTERS).map((name) => html`<${Filter} key=${name} name=${name} />`)}</details>`}
    </div>
    ${state.stack >= 0 && html`<${Links} />`}
  </div>`;
}

function Links() {
  const { fitting, terms } = view();
  const order = [...fitting].sort((one, other) => one - other);
  const chosen = order.indexOf(state.stack);
  const shown = order.slice(0, Math.max(state.limits.get('links') ?? LINKS, chosen + 10));
  return html`<nav aria-label="Tenants"><ul id="tenants" role="list" onKeyDown=${(event) => to(event, fromLink(event))}>
    ${shown.map((at, index) => {
      const { name, cluster, tenant, problems } = data.stacks[at];
      const size = tenant ? plural(facts[at].projects, 'project') : '';
      return html`<li><a href=${linkToStack(at)} tabindex=${index === Math.max(chosen, 0) ? 0 : -1} aria-current=${at === state.stack ? 'true' : null}>
        <${Line} text=${name} terms=${terms} />
        <${Line} name="words" text=${joined(cluster, size)} tail=${size.length + 3} full=${joined(cluster && `cluster ${cluster}`, size)} />
        <span class="badges"><${Badges} counts=${counted(problems)} /></span></a></li>`;
    })}</ul>
    ${!fitting.length && html`<p class="none">Nothing matches.</p>`}
    <${More} list="links" first=${Math.max(LINKS, chosen + 10)} size=${order.length} /></nav>`;
}

// --- The start page ---------------------------------------------------------------------------------------

function Start() {
  return html`<main id="main" class="start">
    <h2 id="title" tabindex="-1">All tenants</h2>
    ${state.wrong && html`<p role="alert" class="wrong">${state.wrong} <a href="#">Show all tenants</a></p>`}
    <${Totals} /><${Fleet} /><${Problems} /><${Shared} />
  </main>`;
}

/** The codes of some problems with how many have each, the worst first. @param {number[]} problems */
function codesOf(problems) {
  const counts = new Map();
  for (const at of problems) counts.set(data.problems[at][1], (counts.get(data.problems[at][1]) ?? 0) + 1);
  return [...counts].sort(([one, many], [other, few]) => byCode.get(one).rank - byCode.get(other).rank || few - many);
}

function Totals() {
  const { fitting } = view();
  const { staying, removed } = parted(fitting);
  const sources = new Map();
  for (const at of staying) for (const [source, count] of facts[at].source) sources.set(source, (sources.get(source) ?? 0) + count);
  const projects = [...sources.values()].reduce((sum, count) => sum + count, 0);
  const tenants = new Set(staying.map((at) => facts[at].group)).size;
  const problems = problemsOf(fitting);
  const counts = counted(problems);
  const codes = codesOf(problems);
  const totals = [
    [tenants, 'tenant'], [staying.length, 'stack'], [projects, 'project'],
    ...SEVERITIES.map((severity) => [counts.find((each) => each.severity === severity)?.count ?? 0, severity]),
  ];
  return html`<section aria-label="Totals" class="totals">
    <ul class="sums">${totals.map(([count, noun]) => html`<li class=${count ? noun : ''} key=${noun}><b>${number(count)}</b> ${count === 1 ? noun : `${noun}s`}</li>`)}${removed > 0 && html`<li class="removed"><b>${number(removed)}</b> removed ${removed === 1 ? 'stack' : 'stacks'}</li>`}</ul>
    ${sources.size > 0 && html`<h3>Where projects get Palette from</h3>
    <ul class="sources">${Object.keys(SOURCES).filter((source) => sources.has(source)).map((source) => html`<li key=${source}>
      <span class=${`sample ${source}`} aria-hidden="true"></span><b>${number(sources.get(source))}</b> ${SOURCES[source].legend}</li>`)}</ul>`}
    ${codes.length > 0 && html`<h3>Problems by code</h3>
    <ul class="codes">${codes.map(([code, count]) => html`<li key=${code} class=${byCode.get(code).severity}><b>${number(count)}</b> ${code}</li>`)}</ul>`}
  </section>`;
}

function Tile({ at, stop, withName }) {
  const { name, environment, cluster, tenant, problems, change } = data.stacks[at];
  const severity = worst(problems);
  const { terms } = view();
  const changes = facts[at].changes;
  return html`<a class=${`tile ${isRemoved(data.stacks[at]) ? 'removed' : severity ?? 'sound'}`} href=${linkToStack(at)} tabindex=${at === stop ? 0 : -1} data-stack=${at}
    title=${joined(name, cluster && `cluster ${cluster}`)}>
    ${withName ? html`<${Line} text=${name} terms=${terms} />` : html`<span class="hidden">${name.slice(0, name.length - environment.length)}</span><span class="name">${marked(environment, terms)}</span>`}
    <span class="words">${tenant ? plural(facts[at].projects, 'project') : 'could not be read'}</span>
    <span class="badges">${severity ? html`<${Badges} counts=${counted(problems)} />` : !isRemoved(data.stacks[at]) && html`<span class="sound">no problems</span>`}
      ${changes > 0 && html`<span class="badge change">${change ? change[0] : plural(changes, 'change')}</span>`}</span></a>`;
}

function Fleet() {
  const { fitting, terms } = view();
  const limit = state.limits.get('tiles') ?? TILES;
  const stop = state.tile ?? (state.grouped ? rows()[0]?.all[0] : fitting[0]);
  const columns = environments.filter((each) => fitting.some((at) => data.stacks[at].environment === each));
  const none = !fitting.length && html`<div class="none"><p>${data.stacks.length ? 'No stack matches this search and these filters.' : 'There is no stack on this page.'}</p>
    ${data.stacks.length > 0 && html`<${Button} onClick=${clear}>Clear search and filters</${Button}>`}</div>`;
  const wide = columns.length <= 6;
  return html`<section id="fleet" aria-labelledby="fleet-title" onKeyDown=${(event) => to(event, fromTile(event))}>
    <div class="bar"><h3 id="fleet-title">Stacks, errors first</h3>
      <label class="only"><input type="checkbox" id="grouped" checked=${state.grouped} onChange=${(event) => seek({ grouped: event.target.checked })} /> Group by tenant</label></div>
    ${none || (state.grouped ? html`<table class=${wide ? 'wide' : 'long'} style=${{ '--columns': columns.length }}><thead><tr><th scope="col">Tenant</th>${columns.map((each) => html`<th scope="col" key=${each}>${each}</th>`)}</tr></thead>
      <tbody>${rows().slice(0, limit).map(({ group, all }) => html`<tr><th scope="row"><${Line} text=${group} terms=${terms} /></th>
        ${columns.map((each) => html`<td>${all.filter((at) => data.stacks[at].environment === each).map((at) => html`<${Tile} at=${at} stop=${stop} />`)}</td>`)}</tr>`)}</tbody></table>`
      : html`<ul class="tiles" role="list">${fitting.slice(0, limit).map((at) => html`<li><${Tile} at=${at} stop=${stop} withName /></li>`)}</ul>`)}
    <${More} list="tiles" first=${TILES} size=${state.grouped ? rows().length : fitting.length} />
  </section>`;
}

function Problems() {
  const problems = shownProblems();
  const { terms } = view();
  const shown = problems.slice(0, state.limits.get('problems') ?? PROBLEMS);
  return html`<section id="all" aria-labelledby="all-title">
    <h3 id="all-title">${problems.length ? `${plural(problems.length, 'problem')}: ${summary(problems)}` : data.problems.length ? 'Problems' : 'No problems'}</h3>
    ${!problems.length && data.problems.length > 0 && html`<p class="none">No problem matches this search and these filters.</p>`}
    <ul id="all-problems">${shown.map((at) => {
      const [severity, code, message, , where] = data.problems[at];
      const text = html`<span class=${`badge ${severity}`}>${severity} ${marked(code, terms)}</span> <${NewBadge} at=${at} />${prose(message, terms)}`;
      return html`<li class="entry">${targets[at] ? html`<a href=${linkToProblem(at)}>${text}</a>` : html`<span>${text}</span>`}
        ${where.length > 0 && html`<${Place} file=${where[0][0]} line=${where[0][1]} />`}</li>`;
    })}</ul>
    <${More} list="problems" first=${PROBLEMS} size=${problems.length} /></section>`;
}

/** The credentials that several stacks have. */
function Shared() {
  const fitting = new Set(view().fitting);
  const some = shared.filter((all) => all.some(({ to }) => fitting.has(to.stack)));
  if (!some.length) return null;
  return html`<section id="shared" aria-labelledby="shared-title"><h3 id="shared-title">Credentials in several stacks: ${number(some.length)}</h3>
    <ul>${some.slice(0, state.limits.get('shared') ?? PROBLEMS).map((all) => html`<li class="entry">${all.slice(0, 12).map(({ stack, integration, to }, at) => html`${at > 0 && ', '}<a href=${linkTo(to)}>${integration.name} of ${stack.name}</a>`)}${
      all.length > 12 && ` and ${number(all.length - 12)} more`}</li>`)}</ul>
    <${More} list="shared" first=${PROBLEMS} size=${some.length} /></section>`;
}

// --- A tenant ---------------------------------------------------------------------------------------------

function Tenant() {
  const { name, environment, cluster, file } = data.stacks[state.stack];
  const others = siblings(state.stack);
  return html`<main id="main" class="tenant">
    <p class="crumbs"><a href="#">All tenants</a></p>
    <div class="bar"><h2 id="title" tabindex="-1">${name}</h2>
      ${others.length > 1 && html`<nav class="others" aria-label="Environments">${others.map((at) => html`<a key=${at} href=${linkToStack(at)} aria-current=${at === state.stack ? 'page' : null}>${data.stacks[at].environment}<${Dot} at=${at} /></a>`)}</nav>`}</div>
    ${state.wrong && html`<p role="alert" class="wrong">${state.wrong}</p>`}
    <p id="facts">${joined(`environment ${environment}`, cluster ? `cluster ${cluster}` : 'no cluster named', ' ')}<${Place} file=${file} /></p>
    <${Legend} />
    ${hits() && html`<p id="hits">${hits().size ? `${plural(hits().size, 'part')} ${hits().size === 1 ? 'matches' : 'match'} the search.` : 'Nothing in this stack matches the search.'} <${Button} aria-pressed=${String(state.everything)} onClick=${() => { state.everything = !state.everything; draw(); }}>Show everything</${Button}></p>`}
    <${Diagram} />
    <p id="keys"><span>Arrow keys move, Enter opens details, Escape goes back.</span>
      <span class="saves"><${Button} onClick=${() => save(tree(), name, 'svg')}>Save as SVG</${Button}><${Button} onClick=${() => save(tree(), name, 'png')}>Save as PNG</${Button}><${Button} onClick=${() => window.print()}>Print</${Button}></span></p>
  </main><${Details} />`;
}

function Dot({ at }) {
  const severity = worst(data.stacks[at].problems);
  return severity && html` <${Badges} counts=${counted(data.stacks[at].problems).slice(0, 1)} />`;
}

function Legend() {
  const styles = new Set(layout().nodes.map(({ of }) => of.style));
  const shown = Object.entries({ ...SOURCES, elsewhere: { legend: 'the same credential elsewhere' } }).filter(([style]) => styles.has(style));
  return html`<ul id="legend" aria-label="Legend">${shown.map(([style, { legend }]) => html`<li key=${style}>
    <svg aria-hidden="true" width="36" height="14"><path class=${`edge ${style}`} d="M0,7H36" />${style === 'own' && html`<path class="edge core" d="M0,7H36" />`}${style === 'nowhere' && html`<path class="edge cross" d=${crossAt([24, 7])} />`}</svg>
    <span class=${`sample ${style}`} aria-hidden="true"></span><span>${legend}</span></li>`)}</ul>`;
}

function Diagram() {
  const { nodes, lanes, width, height, top, isList } = layout();
  const lit = state.lit && pathOf(nodes, state.lit);
  const over = (event) => {
    const key = event.target.closest?.('.box')?.dataset.key ?? null;
    if (key !== state.lit) { state.lit = key; draw(); }
  };
  return html`<div id="canvas" onMouseOver=${over} onMouseLeave=${() => { state.lit = null; draw(); }}>
    <div class=${`sheet ${isList ? 'list' : ''} ${lit ? 'some-lit' : ''}`} style=${isList ? {} : { height: `${height}px`, minWidth: `${width}px` }}>
    ${!isList && html`${LANES.map((lane, at) => html`<span class="heading" aria-hidden="true" key=${lane} style=${{ left: `${lanes[at].x}px`, top: `${top}px`, maxWidth: `${lanes[at].width}px` }}>${titleOfLane(tree(), at)}</span>`)}
      <svg aria-hidden="true" width=${width} height=${height}><${Edges} nodes=${nodes} lit=${lit} /></svg>`}
    ${isList && tree().prefix && html`<p class="prefix" aria-hidden="true">${titleOfLane(tree(), 2)}</p>`}
    <div role="tree" aria-label=${`Diagram of ${tree().kind.toLowerCase()} ${tree().name}`} onKeyDown=${onBoxKey}
      onFocusIn=${(event) => { state.lit = event.target.dataset.key; if (event.target.dataset.key === state.key) draw(); else settle(event.target.dataset.key); }}
      onFocusOut=${() => { state.lit = null; }}>
      ${nodes.map((node) => html`<${Box} key=${node.of.key} node=${node} isList=${isList} lit=${lit} />`)}</div></div></div>`;
}

function Box({ node, isList, lit }) {
  const { of, level, at, size } = node;
  const isCurrent = of.key === state.key;
  const counts = counted(of.problems);
  const terms = hits() ? view().terms : [];
  const names = ['box', of.kind.toLowerCase(), of.style, counts[0]?.severity, of.change?.[0], lit?.has(of.key) && 'lit'].filter(Boolean).join(' ');
  const place = isList ? { '--level': level - 1 } : { left: `${node.x}px`, top: `${node.y}px`, width: `${node.width}px`, height: `${node.height}px` };
  return html`<div role="treeitem" id=${`box-${of.key}`} data-key=${of.key} class=${names} tabindex=${isCurrent ? 0 : -1} aria-selected=${String(isCurrent)}
    aria-label=${labelOf(of)} aria-level=${level} aria-posinset=${at + 1} aria-setsize=${size} style=${place} onClick=${() => enter(of, false)}>
    <span class="first"><${Line} text=${of.short} full=${of.name} terms=${terms} /><${ChangeBadge} change=${of.change} /><${Badges} counts=${counts.slice(0, 1)} /></span>
    ${of.words.map((words, line) => html`<${Line} name="words" key=${line} text=${words} terms=${terms} />`)}
  </div>`;
}

/** The details of the current box, beside the diagram. */
function Details() {
  const { nodes } = layout();
  const of = all(tree()).find(({ key }) => key === state.key) ?? nodes.find((node) => node.of.key === state.key)?.of ?? tree();
  const stack = data.stacks[state.stack];
  const [kind, position] = of.key.split(':');
  const same = kind === 'integrations' && of.kind === 'Integration' ? likes(stack.tenant.integrations[position]) : [];
  return html`<aside id="details" tabindex="0" aria-labelledby="details-title" onKeyDown=${(event) => event.key === 'Escape' && to(event, element(`box-${state.key}`))}>
    <h3 id="details-title">${titleOf(of)}</h3>
    ${of.change && html`<p class="changed"><${ChangeBadge} change=${of.change} /> ${of.change[1]}</p>`}
    <${Explained} problems=${of.problems} />
    <dl>${of.facts.map(([term, fact]) => html`<div key=${term}><dt>${term}</dt><dd>${fact.file !== undefined ? html`<${Place} ...${fact} />` : term === 'Declared at' ? html`<${Place} file=${stack.file} line=${fact} />` : fact}</dd></div>`)}</dl>
    ${same.length > 0 && html`<h4>Same credential</h4><ul class="same">${same.slice(0, 50).map((each) => html`<li><a href=${linkTo(each.to)}>${each.integration.name} of ${each.stack.name}</a></li>`)}</ul>`}
  </aside>`;
}

/** Problems in full. @param {{problems: number[]}} given */
const Explained = ({ problems }) => problems.length > 0 && html`<ul class="problems">${problems.map((at) => {
  const [severity, code, message, help, where] = data.problems[at];
  return html`<li key=${at} class=${severity}><span class=${`badge ${severity}`}>${severity} ${code}</span> <${NewBadge} at=${at} /><p>${prose(message)}</p><p class="help">${prose(help)}</p>
    <p class="places">${where.map(([file, line]) => html`<${Place} file=${file} line=${line} /> `)}</p></li>`;
})}</ul>`;

// --- The keyboard -----------------------------------------------------------------------------------------

function to(event, target) {
  if (!target) return;
  event.preventDefault();
  target.focus();
  target.scrollIntoView?.({ block: 'nearest' });
}

/** The element in a row that a key leads to from another one. */
function stepped(key, row, from) {
  const at = row.indexOf(from);
  const steps = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: row.length - 1, PageUp: at - 10, PageDown: at + 10 };
  return key in steps ? row[Math.max(0, Math.min(row.length - 1, steps[key]))] : null;
}

/** The element that a key leads to from a link in the list. */
const fromLink = (event) => (event.key === 'Escape' ? element('query')
  : stepped(event.key, [...document.querySelectorAll('#tenants a')], event.target));

/** The element that a key leads to from a tile: the next one, or the nearest in the next row. */
function fromTile({ key, target }) {
  if (!target.matches('.tile')) return null;
  if (key === 'Escape') return element('query');
  const tiles = [...document.querySelectorAll('#fleet .tile')];
  const at = tiles.indexOf(target);
  const { left: x, top: y } = target.getBoundingClientRect();
  const nearest = (some) => {
    const places = some.map((each) => [each, each.getBoundingClientRect()]);
    const row = places[0]?.[1].top;
    return places.filter(([, place]) => Math.abs(place.top - row) < 4)
      .sort(([, one], [, other]) => Math.abs(one.left - x) - Math.abs(other.left - x))[0]?.[0];
  };
  const near = {
    ArrowLeft: () => tiles[at - 1], ArrowRight: () => tiles[at + 1], Home: () => tiles[0], End: () => tiles.at(-1),
    ArrowDown: () => nearest(tiles.slice(at).filter((each) => each.getBoundingClientRect().top > y + 4)),
    ArrowUp: () => nearest(tiles.slice(0, at).reverse().filter((each) => each.getBoundingClientRect().top < y - 4)),
  };
  const next = near[key]?.();
  if (next) {
    state.tile = Number(next.dataset.stack);
    draw();
  }
  return next;
}

function onBoxKey(event) {
  const { nodes } = layout();
  const at = nodes.findIndex(({ of }) => of.key === event.target.dataset.key);
  const { of, parent, children } = nodes[at];
  if (event.key === 'Enter' || event.key === ' ') {
    event.preventDefault();
    enter(of, true);
  } else if (event.key === 'Escape') {
    to(event, document.querySelector('#tenants [aria-current]') ?? element('query'));
  } else {
    const near = { ArrowLeft: parent, ArrowRight: children[0] }[event.key] ?? stepped(event.key, nodes, nodes[at]);
    if (near) to(event, element(`box-${near.of.key}`));
  }
}

/** Go to a stack, and to what the search is about in it. @param {number} at */
function choose(at) {
  const some = found(treeOf(data.stacks[at]), at, view().terms);
  go({ stack: at, key: some?.size ? [...some].find((key) => key.startsWith('projects:')) ?? [...some][0] : 'tenant' });
}

function listen() {
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (link.id === 'skip') {
      (document.querySelector('#canvas [tabindex="0"]') ?? element('title')).focus();
      return;
    }
    const parts = new URLSearchParams(link.hash.slice(1));
    const where = destination(parts);
    if (link.closest('#tenants, #fleet') && where.stack >= 0) choose(where.stack);
    else go(where);
  });
  document.addEventListener('keydown', (event) => {
    const isTyping = event.target.matches('input:not([type=checkbox]), select') || event.ctrlKey || event.metaKey || event.altKey;
    if (event.key === '/' && !isTyping) to(event, element('query'));
  });
  window.addEventListener('hashchange', recall);
  window.addEventListener('popstate', recall);
  window.addEventListener('resize', draw);
}

// --- Drawing ----------------------------------------------------------------------------------------------

function App() {
  const isTenant = state.stack >= 0;
  return html`<a class="skip" id="skip" href="#main">${isTenant ? 'Skip to the diagram' : 'Skip to the tenants'}</a>
    <${Header} /><div class=${`columns ${isTenant ? 'three' : 'two'}`}><${Side} />${isTenant ? html`<${Tenant} />` : html`<${Start} />`}</div>`;
}

function draw() {
  document.title = state.stack >= 0 ? `${data.stacks[state.stack].name} \u2013 PaletteAI tenants` : 'PaletteAI tenants';
  preact.render(html`<${App} />`, element('page'));
  const canvas = element('canvas');
  const style = canvas && getComputedStyle(canvas);
  const width = canvas ? canvas.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) : state.width;
  if (width === state.width) return;
  state.width = width;
  preact.render(html`<${App} />`, element('page'));
}

let kept = null;
try { kept = window.localStorage.getItem('paletteai-theme'); } catch { /* The system decides. */ }
if (kept === 'light' || kept === 'dark') document.documentElement.dataset.theme = kept;
listen();
recall();
// So that the first letter of a search is as quick as the others.
setTimeout(() => {
  facts.forEach((_, at) => textOf(at));
  data.problems.forEach((_, at) => problemText(at));
}, 100);
