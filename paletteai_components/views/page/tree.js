/*
 * The data of the page, an index of it, and the tree of a stack. Nothing is drawn here.
 * Python puts this file and page.js into one scope.
 */

/**
 * The data of the page. Numbers in `problems` are positions in the list of all problems.
 * @typedef {[severity: string, code: string, message: string, help: string, where: [string, ?number][]]} Problem
 * @typedef {{name: string, made: boolean, feeds: number, overridden: number, credential: ?number,
 *   problems: number[]}} Integration
 * @typedef {{name: string, role: string, binding: string, integration: ?number, line: ?number,
 *   problems: number[]}} Settings
 * @typedef {{name: string, source: string, settings: ?number, own: ?number, line: ?number,
 *   problems: number[]}} Project
 * @typedef {{name: string, namespace: string, title: ?string, existing: boolean, line: ?number,
 *   integrations: Integration[], settings: Settings[], projects: Project[]}} Tenant
 * @typedef {{name: string, file: string, environment: string, cluster: ?string, tenant: ?Tenant,
 *   problems: number[]}} Stack
 *
 * A box and the boxes below it. `words` is its second line, `facts` are for the details.
 * @typedef {{key: string, kind: string, name: string, words: string, style: string, problems: number[],
 *   facts: [string, string][], children: Box[]}} Box
 */

/** @type {{columns: Object<string, string[]>, problems: Problem[], stacks: Stack[]}} */
const data = JSON.parse(document.getElementById('data').textContent);

// Python writes the column names of each table only once.
for (const { tenant } of data.stacks.filter((stack) => stack.tenant)) {
  for (const [kind, columns] of Object.entries(data.columns)) {
    tenant[kind] = tenant[kind].map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at]])));
  }
}

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
  elsewhere: 'external',
};
const SEVERITIES = ['error', 'warning', 'note'];

const number = (count) => count.toLocaleString('en');
const plural = (count, noun) => `${number(count)} ${noun}${count === 1 ? '' : 's'}`;
const joined = (...parts) => parts.filter(Boolean).join(' \u00b7 ');
const placed = (file, line) => (line === null ? file : `${file}:${line}`);

/** The number of problems of each severity, the worst first. @param {number[]} problems */
function counted(problems) {
  const count = (severity) => problems.filter((problem) => data.problems[problem][0] === severity).length;
  return SEVERITIES.map((severity) => ({ severity, count: count(severity) })).filter((each) => each.count);
}

const summary = (problems) => counted(problems).map(({ severity, count }) => plural(count, severity)).join(', ');

/** Where each problem leads: to the first part that it concerns. @type {{stack: number, key: string}[]} */
const targets = [];
/** The integrations that share a credential, by its number. @type {{stack: Stack, integration: Integration}[][]} */
const credentials = [];
data.stacks.forEach((stack, at) => {
  for (const kind of stack.tenant ? ['integrations', 'settings', 'projects'] : []) {
    stack.tenant[kind].forEach(({ problems }, position) => {
      for (const problem of problems) targets[problem] ??= { stack: at, key: `${kind}:${position}` };
    });
  }
  for (const integration of stack.tenant?.integrations ?? []) {
    if (integration.credential) (credentials[integration.credential] ??= []).push({ stack, integration });
  }
});
data.stacks.forEach(({ problems }, at) => {
  for (const problem of problems) targets[problem] ??= { stack: at, key: 'tenant' };
});

/** The text in which a search looks for a stack. @param {Stack} stack */
function textOf({ name, environment, cluster, tenant, problems }) {
  const marks = problems.flatMap((problem) => data.problems[problem].slice(0, 2));
  const parts = tenant ? [tenant, ...tenant.integrations, ...tenant.settings, ...tenant.projects] : [];
  const names = parts.map((part) => part.name);
  return [name, environment, cluster, tenant?.title, ...names, ...marks].join('\n').toLowerCase();
}

/** The key of the box that a search is about. @param {Stack} stack @param {string[]} terms */
function found({ name, tenant }, terms) {
  const sought = terms.filter((term) => !name.toLowerCase().includes(term));
  for (const kind of tenant ? ['projects', 'settings', 'integrations'] : []) {
    const at = tenant[kind].findIndex((part) => sought.some((term) => part.name.toLowerCase().includes(term)));
    if (at >= 0) return `${kind}:${at}`;
  }
  return 'tenant';
}

/** @param {Partial<Box>} given @returns {Box} */
const box = (given) => ({ words: '', style: 'plain', problems: [], facts: [], children: [], ...given });

/** The Palette binding of a Settings in words. @param {Tenant} tenant @param {Settings} settings */
function bound(tenant, { binding, integration }) {
  return BINDINGS[binding] ?? `integration ${tenant.integrations[integration].name}`;
}

/** @param {Stack} stack @returns {Box} */
function treeOf({ name, file, tenant, problems }) {
  if (!tenant) {
    const words = 'no tenant could be read';
    return box({ key: 'tenant', kind: 'Stack', name, words, problems, facts: [['Declared in', file]] });
  }
  const settings = tenant.settings.map((each, at) => {
    const palette = bound(tenant, each);
    return box({
      ...each, key: `settings:${at}`, kind: 'Settings', words: joined(ROLES[each.role], palette),
      facts: [['Palette', palette], ['Declared at', placed(file, each.line)]],
    });
  });
  const without = ['sharedClusterOnly', 'nowhere'].map((style) =>
    box({ key: style, kind: 'Group', name: 'Without Palette', words: SOURCES[style].words(), style }));
  tenant.projects.forEach((project, at) => {
    const from = settings[project.settings];
    const words = SOURCES[project.source].words(from?.name.slice(tenant.namespace.length + 1));
    const merged = project.own !== null && project.own !== project.settings;
    const facts = [
      ['Palette', from ? bound(tenant, tenant.settings[project.settings]) : 'none'], ['Source', words],
      from && ['Settings', from.name],
      merged && ['Own Settings', `${settings[project.own].name}, without Palette`],
      ['Declared at', placed(file, project.line)],
    ].filter(Boolean);
    const style = project.source;
    const giver = from ?? without.find(({ key }) => key === style);
    giver.children.push(box({ ...project, key: `projects:${at}`, kind: 'Project', words, style, facts }));
  });
  for (const each of settings.filter(({ role, children }) => role !== 'own' && !children.length)) {
    each.children.push(box({ key: `${each.key}:unused`, kind: 'Remark', name: 'Not used by any project', style: 'remark' }));
  }
  const facts = [
    tenant.title && ['Display name', tenant.title], ['Namespace', tenant.namespace],
    tenant.existing && ['Managed', 'no, external'], ['Declared at', placed(file, tenant.line)],
  ].filter(Boolean);
  const children = [...settings, ...without].filter((each) => each.children.length);
  const words = `in ${tenant.namespace}`;
  return box({ key: 'tenant', kind: 'Tenant', name: tenant.name, words, problems, facts, children });
}

const titleOf = ({ kind, name }) => (['Remark', 'Group', 'More'].includes(kind) ? name : `${kind} ${name}`);

/** The label of a box for a screen reader. @param {Box} of */
function labelOf(of) {
  const codes = [...new Set(of.problems.map((problem) => data.problems[problem][1]))].join(', ');
  const label = [titleOf(of), of.words].filter(Boolean).join(', ');
  return codes ? `${label}. ${summary(of.problems)}: ${codes}` : label;
}

/** The other integrations with the same credential. @param {Integration} integration */
function likes(integration) {
  const others = (credentials[integration.credential] ?? []).filter((each) => each.integration !== integration);
  const names = others.slice(0, 5).map((each) => `${each.integration.name} of ${each.stack.name}`).join(', ');
  return others.length > 5 ? `${names} and ${number(others.length - 5)} more` : names;
}

