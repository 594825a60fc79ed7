/*
 * The data of the page and what follows from it: which stacks a search and filters leave, and the boxes of a
 * diagram. Nothing is drawn here. Python puts this file, diagram.js and page.js into one scope.
 */

/**
 * The data of the page. Numbers in `problems` are positions in the list of all problems. A change is what
 * happened since the revision that the page compares with.
 * @typedef {[severity: string, code: string, message: string, help: string, where: [string, ?number][]]} Problem
 * @typedef {[what: string, words: string]} Change
 * @typedef {{name: string, made: boolean, feeds: number, overridden: number, credential: ?number, host: ?string,
 *   paletteTenant: ?string, secrets: string[], line: ?number, problems: number[], change: ?Change}} Integration
 * @typedef {{name: string, role: string, binding: string, integration: ?number, line: ?number,
 *   problems: number[], change: ?Change}} Settings
 * @typedef {{name: string, source: string, settings: ?number, own: ?number, line: ?number,
 *   problems: number[], change: ?Change}} Project
 * @typedef {{name: string, namespace: string, title: ?string, existing: boolean, line: ?number,
 *   integrations: Integration[], settings: Settings[], projects: Project[]}} Tenant
 * @typedef {{name: string, file: string, environment: string, cluster: ?string, tenant: ?Tenant,
 *   problems: number[], change: ?Change}} Stack
 *
 * A box and the boxes below it. `short` is its name without what the lane repeats, `words` are its further lines,
 * `facts` are for the details.
 * @typedef {{key: string, kind: string, name: string, short: string, words: string[], style: string, lane: number,
 *   problems: number[], change: ?Change, facts: [string, *][], children: Box[]}} Box
 */

/** @type {{columns: Object<string, string[]>, problems: Problem[], stacks: Stack[], links: ?Object, about: Object}} */
const data = JSON.parse(document.getElementById('data').textContent);

const SOURCES = {
  fallback: { legend: 'falls back to the tenant\u2019s default', words: (from) => `falls back to ${from}` },
  settingsRef: { legend: 'settingsRef: other Settings of the tenant', words: (from) => `settingsRef: ${from}` },
  own: { legend: 'own Settings, which override', words: () => 'own Settings' },
  sharedClusterOnly: { legend: 'sharedClusterOnly: no integration', words: () => 'shared cluster only' },
  nowhere: { legend: 'nowhere: nothing to fall back to', words: () => 'nothing to fall back to' },
};
const ROLES = { default: 'the default', own: 'a project\u2019s own', other: '' };
const BINDINGS = {
  undeclared: 'integration not declared',
  none: 'no Palette integration',
  elsewhere: 'external, not known',
};
const SEVERITIES = ['error', 'warning', 'note'];
const KINDS = { integrations: 'integration', settings: 'settings', projects: 'project' };

const format = new Intl.NumberFormat('en');
const number = (count) => (count < 1000 ? String(count) : format.format(count));
const plural = (count, noun) => `${number(count)} ${noun}${count === 1 ? '' : 's'}`;
const joined = (...parts) => parts.filter(Boolean).join(' \u00b7 ');
const placed = (file, line) => (line === null ? file : `${file}:${line}`);

// Python writes the column names of each table only once.
for (const [kind, columns] of Object.entries(data.columns)) {
  for (const { tenant } of data.stacks) {
    if (!tenant) continue;
    tenant[kind] = tenant[kind].map((row) => {
      const part = {};
      columns.forEach((column, at) => { part[column] = row[at]; });
      return part;
    });
  }
}

/** The number of problems of each severity, the worst first. @param {number[]} problems */
function counted(problems) {
  const counts = ranked(problems);
  return SEVERITIES.map((severity, at) => ({ severity, count: counts[at] })).filter(({ count }) => count);
}

/** The number of problems of each severity, the worst first, also where there is none. @param {number[]} problems */
function ranked(problems) {
  const counts = [0, 0, 0];
  for (const problem of problems) counts[SEVERITIES.indexOf(data.problems[problem][0])] += 1;
  return counts;
}

/** A number that is greater the worse some problems are. The ranks of several lists may be added. @param {number[]} problems */
const rankOf = (problems) => ranked(problems).reduce((rank, count) => rank * 1e5 + count, 0);

const summary = (problems) => counted(problems).map(({ severity, count }) => plural(count, severity)).join(', ');
const worst = (problems) => counted(problems)[0]?.severity;

/** The parts of a stack that changed, itself included. @param {Stack} stack */
function changesOf({ change, tenant }) {
  const parts = tenant ? [...tenant.integrations, ...tenant.settings, ...tenant.projects] : [];
  return [{ change }, ...parts].filter((part) => part.change).length;
}

/** Where each problem leads: to the first part that it concerns. @type {{stack: number, key: string}[]} */
const targets = [];
/**
 * The integrations that share a credential, by its number.
 * @type {{stack: Stack, integration: Integration, to: {stack: number, key: string}}[][]}
 */
const credentials = [];
/** What searches and filters ask of each stack, in the order of the data. */
const facts = data.stacks.map((stack, at) => {
  const { name, environment, cluster, tenant, problems } = stack;
  for (const kind of tenant ? Object.keys(KINDS) : []) {
    tenant[kind].forEach((part, position) => {
      for (const problem of part.problems) targets[problem] ??= { stack: at, key: `${kind}:${position}` };
    });
  }
  tenant?.integrations.forEach((integration, position) => {
    const to = { stack: at, key: `integrations:${position}` };
    if (integration.credential) (credentials[integration.credential] ??= []).push({ stack, integration, to });
  });
  return {
    // The stacks of a tenant stand in one row.
    group: tenant?.name ?? (name.slice(0, Math.max(0, name.lastIndexOf('.'))) || name),
    rank: rankOf(problems),
    changes: changesOf(stack),
    projects: projectsOf(stack).length,
    own: [name, environment, cluster, tenant?.title].join('\n').toLowerCase(),
    environment: new Set([environment]),
    cluster: new Set(cluster ? [cluster] : []),
    source: tallied(stack),
    code: new Set(problems.map((problem) => data.problems[problem][1])),
  };
});
data.stacks.forEach(({ problems }, at) => {
  for (const problem of problems) targets[problem] ??= { stack: at, key: 'tenant' };
});

// Asked for after the first picture.
const textOf = remembered((at) => {
  const { tenant, problems } = data.stacks[at];
  const parts = tenant ? [tenant, ...tenant.integrations, ...tenant.settings, ...tenant.projects] : [];
  const marks = problems.flatMap((problem) => data.problems[problem].slice(0, 2));
  return [facts[at].own, ...parts.map((part) => part.name), ...marks].join('\n').toLowerCase();
});
const problemText = remembered((at) => {
  const [severity, code, message, , where] = data.problems[at];
  const target = targets[at];
  const { tenant } = data.stacks[target?.stack] ?? {};
  const [kind, position] = target?.key.split(':') ?? [];
  const part = tenant?.[kind]?.[position]?.name;
  const around = target && facts[target.stack].own;
  return [severity, code, message, ...where.map((each) => placed(...each)), part, around].join('\n').toLowerCase();
});

function isRemoved({ change }) {
  return change?.[0] === 'removed';
}

/** The projects of a stack, without those that a change removes; of a removed stack, those that it had. @param {Stack} stack */
function projectsOf(stack) {
  return (stack.tenant?.projects ?? []).filter((project) => isRemoved(stack) || !isRemoved(project));
}

/** The number of projects with each source; none in a stack that a change removes. @param {Stack} stack */
function tallied(stack) {
  const counts = new Map();
  for (const { source } of isRemoved(stack) ? [] : projectsOf(stack)) counts.set(source, (counts.get(source) ?? 0) + 1);
  return counts;
}

/** Of some stacks, those that a change leaves, and the number of those that it removes. @param {number[]} stacks */
function parted(stacks) {
  const staying = stacks.filter((at) => !isRemoved(data.stacks[at]));
  return { staying, removed: stacks.length - staying.length };
}

/** A function of a position that computes each value once. */
function remembered(compute) {
  const known = [];
  return (at) => (known[at] ??= compute(at));
}

const FILTERS = { environment: 'Environment', cluster: 'Cluster', source: 'Source', code: 'Problem' };
const termsOf = (query) => query.toLowerCase().split(/\s+/).filter(Boolean);
const matches = (text, terms) => terms.every((term) => text.includes(term));

/** Every stack, errors first. What a search leaves keeps this order. */
const ordered = facts.map((_, at) => at).sort((one, other) => facts[other].rank - facts[one].rank || one - other);
const everyProblem = data.problems.map((_, at) => at);

/** The credentials that several stacks have. */
const shared = credentials.filter((all) => new Set(all.map(({ stack }) => stack)).size > 1);

/** A search in a list of positions. Whoever types on only narrows what was found before. */
function searched(positions, textAt) {
  let last = { query: '', found: positions };
  return (query) => {
    const terms = termsOf(query);
    const among = query.startsWith(last.query) ? last.found : positions;
    last = { query, found: terms.length ? among.filter((at) => matches(textAt(at), terms)) : positions };
    return last.found;
  };
}
const soughtStacks = searched(ordered, textOf);
const soughtProblems = searched(everyProblem, problemText);

/**
 * The stacks that a search and filters leave, errors first, and for each value of a filter the number of stacks
 * that choosing it would show.
 */
function left({ query, only, changed, filters }) {
  const fitting = [];
  const names = Object.keys(FILTERS);
  const chosen = names.filter((name) => filters[name].length);
  const counts = Object.fromEntries(names.map((name) => [name, new Map()]));
  for (const at of soughtStacks(query)) {
    const fact = facts[at];
    if ((only && !fact.rank) || (changed && !fact.changes)) continue;
    const failed = chosen.filter((name) => !filters[name].some((each) => fact[name].has(each)));
    if (!failed.length) fitting.push(at);
    if (failed.length > 1) continue;
    for (const name of failed.length ? failed : names) {
      for (const value of fact[name].keys()) counts[name].set(value, (counts[name].get(value) ?? 0) + 1);
    }
  }
  return { terms: termsOf(query), fitting, counts };
}

/** The problems of some stacks, each once; of all stacks also those that concern none. @param {number[]} stacks */
function problemsOf(stacks) {
  if (stacks.length === data.stacks.length) return everyProblem;
  const found = new Set();
  for (const at of stacks) for (const problem of data.stacks[at].problems) found.add(problem);
  return [...found].sort((one, other) => one - other);
}

/** The problems of some stacks that a search and the filter for codes leave. @param {number[]} fitting */
function problemsLeft(fitting, query, codes) {
  const among = new Set(problemsOf(fitting));
  return soughtProblems(query).filter((at) => among.has(at) && (!codes.length || codes.includes(data.problems[at][1])));
}

/** Stacks in rows, a row for each tenant, errors first. @param {number[]} stacks */
function grouped(stacks) {
  const rows = new Map();
  for (const at of stacks) {
    const { group, rank } = facts[at];
    const row = rows.get(group);
    if (row) {
      row.all.push(at);
      row.rank += rank;
    } else {
      rows.set(group, { group, all: [at], rank });
    }
  }
  return [...rows.values()].sort((one, other) => other.rank - one.rank);
}

const environments = [...new Set(data.stacks.map(({ environment }) => environment))].sort();

/** The stacks of the same tenant, itself included. @param {number} at */
const siblings = (at) => facts.flatMap(({ group }, other) => (group === facts[at].group ? [other] : []))
  .sort((one, other) => (data.stacks[one].environment < data.stacks[other].environment ? -1 : 1));

// --- The boxes of a diagram -------------------------------------------------------------------------------

const LANES = ['Credentials', 'Settings', 'Projects'];

/** @param {Partial<Box>} given @returns {Box} */
const box = (given) => ({
  short: given.name, words: [], style: 'plain', lane: 0, problems: [], change: null, facts: [], children: [], ...given,
});

/** What all names begin with, up to a dash, if that is worth leaving out. @param {string[]} names */
function prefixOf(names) {
  if (names.length < 3) return '';
  let prefix = names[0];
  for (const name of names) while (!name.startsWith(prefix)) prefix = prefix.slice(0, -1);
  prefix = prefix.slice(0, prefix.lastIndexOf('-') + 1);
  return prefix.length >= 4 && names.every((name) => name.length > prefix.length) ? prefix : '';
}

/** A name without the namespace of the tenant. @param {Tenant} tenant */
const within = ({ namespace }, name) => (name.startsWith(`${namespace}/`) ? name.slice(namespace.length + 1) : name);

/** The Palette binding of a Settings in words. @param {Tenant} tenant @param {Settings} settings */
const bound = (tenant, { binding, integration }) =>
  BINDINGS[binding] ?? `integration ${tenant.integrations[integration].name}`;

/** The other integrations with the same credential. @param {Integration} integration */
const likes = (integration) =>
  (credentials[integration.credential] ?? []).filter((each) => each.integration !== integration);

/** @param {Stack} stack @returns {Box} */
function treeOf(stack) {
  const { name, file, tenant, problems, change } = stack;
  if (!tenant) {
    const words = ['no tenant could be read'];
    return box({ key: 'tenant', kind: 'Stack', name, words, problems, change, facts: [['Declared in', { file }]] });
  }
  const at = (line) => ['Declared at', { file, line }];
  const prefix = prefixOf(tenant.projects.map((project) => project.name));
  const givers = tenant.integrations.map((each, position) => credentialBox(stack, each, position, at));
  const unbound = new Map(Object.keys(BINDINGS).map((binding) =>
    [binding, box({ key: binding, kind: 'Group', name: BINDINGS[binding], style: 'remark' })]));
  const settings = tenant.settings.map((each, position) => {
    const palette = bound(tenant, each);
    const name = within(tenant, each.name);
    const short = name.startsWith(prefix) ? name.slice(prefix.length) : name;
    return box({
      ...each, key: `settings:${position}`, kind: 'Settings', short, lane: 1, style: 'plain',
      words: [ROLES[each.role]].filter(Boolean),
      facts: [['Palette', palette], ROLES[each.role] && ['Role', ROLES[each.role]], at(each.line)].filter(Boolean),
    });
  });
  const without = new Map(['sharedClusterOnly', 'nowhere'].map((style) =>
    [style, box({ key: style, kind: 'Group', name: 'Without Palette', words: [SOURCES[style].words()], style })]));
  tenant.projects.forEach((project, position) => {
    const from = settings[project.settings];
    const words = SOURCES[project.source].words(from?.short);
    const merged = project.own !== null && project.own !== project.settings;
    (from ?? without.get(project.source)).children.push(box({
      ...project, key: `projects:${position}`, kind: 'Project', short: project.name.slice(prefix.length),
      words: [words], style: project.source, lane: 2,
      facts: [
        ['Palette', from ? bound(tenant, tenant.settings[project.settings]) : 'none'], ['Source', words],
        from && ['Settings', from.name],
        merged && ['Own Settings', `${settings[project.own].name}, without Palette`],
        at(project.line),
      ].filter(Boolean),
    }));
  });
  settings.forEach((each, position) => {
    const { role, binding, integration } = tenant.settings[position];
    if (role === 'own' && !each.children.length && !each.change) return;
    if (role !== 'own' && !each.children.length) each.words.push('not used by any project');
    (binding === 'declared' ? givers[integration] : unbound.get(binding)).children.push(each);
  });
  const groups = [...unbound.values(), ...without.values()].filter((each) => each.children.length);
  return box({
    key: 'tenant', kind: 'Tenant', name: tenant.name, words: [`in ${tenant.namespace}`], problems, change, prefix,
    children: [...givers, ...groups],
    facts: [
      tenant.title && ['Display name', tenant.title], ['Namespace', tenant.namespace],
      tenant.existing && ['Managed', 'no, external'],
      ['Projects', number(projectsOf(stack).length)], at(tenant.line),
    ].filter(Boolean),
  });
}

/** @param {Stack} stack @param {Integration} each @returns {Box} */
function credentialBox(stack, each, position, at) {
  const key = `integrations:${position}`;
  const secrets = each.secrets.map((name) => within(stack.tenant, name));
  const others = likes(each).map((other, index) => box({
    key: `${key}:like:${index}`, kind: 'Elsewhere', name: `${other.integration.name} of ${other.stack.name}`,
    words: ['the same credential'], style: 'elsewhere',
    target: other.to,
  }));
  return box({
    ...each, key, kind: 'Integration', style: 'credential', others,
    words: [
      each.host ?? 'host not declared', each.paletteTenant && `tenant ${each.paletteTenant}`,
      secrets.length ? `Secret ${secrets[0]}${secrets.length > 1 ? ` and ${number(secrets.length - 1)} more` : ''}` : 'no Secret',
    ].filter(Boolean),
    facts: [
      ['Host', each.host ?? 'not declared'], ['Palette tenant', each.paletteTenant ?? 'not declared'],
      [each.made ? 'Secrets' : 'Secrets, external', each.secrets.join(', ') || 'none'],
      ['Used by', plural(each.feeds, 'project')],
      each.overridden && ['Overridden by', plural(each.overridden, 'project')],
      at(each.line),
    ].filter(Boolean),
  });
}

const titleOf = ({ kind, name }) => (['Group', 'More', 'Elsewhere'].includes(kind) ? name : `${kind} ${name}`);

/** The label of a box for a screen reader. @param {Box} of */
function labelOf(of) {
  const codes = [...new Set(of.problems.map((problem) => data.problems[problem][1]))].join(', ');
  const label = [titleOf(of), ...of.words, of.change && of.change.join(': ')].filter(Boolean).join(', ');
  return codes ? `${label}. ${summary(of.problems)}: ${codes}` : label;
}

/** The text in which a search looks for a part. @param {Box} of */
const partText = (of) => [of.name, ...of.words, ...of.problems.flatMap((at) => data.problems[at].slice(0, 3))].join('\n').toLowerCase();

/** Every box of a tree, in the order in which it is read. @param {Box} tree @returns {Box[]} */
const all = (tree) => [tree, ...(tree.others ?? []), ...tree.children.flatMap(all)];

/** The boxes that a search is about, beyond the name of the stack. @param {Box} tree */
function found(tree, at, terms) {
  const sought = terms.filter((term) => !facts[at].own.includes(term));
  if (!sought.length) return null;
  const parts = all(tree).filter(({ kind }) => ['Project', 'Settings', 'Integration'].includes(kind));
  const whole = parts.filter((part) => matches(partText(part), sought));
  return new Set((whole.length ? whole : parts.filter((part) => sought.some((term) => partText(part).includes(term)))).map(({ key }) => key));
}
