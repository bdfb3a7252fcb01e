import { SYNC_SWITCHES } from '@tajo/config';
import { limitsInWords } from './limits-in-words.js';
import { type AnyResource, resourceNamed, resourceNames } from '@tajo/mapping';
import { readLanes } from './lanes.js';

/** `docs/resources.md`, from the declarations. A test keeps the committed page equal to it. */
export function resourcesPage(): string {
  const resources = resourceNames.map((name) => resourceNamed(name));
  return `# Resources

<!-- Generated from packages/mapping/src/resources. To write it anew: UPDATE_DOCS=1 npx pnpm jest packages/planner -->

What is read from Klaviyo, what it becomes in Brevo, and what is not carried; and what is read from Brevo, where \`direction\` says so
(see [both-ways.md](both-ways.md)). Every resource is one file in \`packages/mapping/src/resources\`, of which this
page is made. Where Brevo has no such thing the record is kept here: queryable by the API and exportable.

*Limits* are those Klaviyo publishes for the endpoint, for the whole account. *Read by* is what a full run is cut into slices by, so that parts can be read
beside each other and resumed. *Incremental runs* says how what changed since the last run is found: by a field that moves with every change, or, where
Klaviyo offers none, by a *sweep*: the resource is read whole every time, and what is unchanged is told by the hash of what was last written, so it is not
written again. Only a sweep tells what is gone. *After* are the resources that must be settled before.

| Resource | Switch | Read by | Becomes, in Brevo unless it says otherwise |
|---|---|---|---|
${resources.map(rowOf).join('\n')}

${resources.map(sectionOf).join('\n\n')}
`;
}

function rowOf(resource: AnyResource): string {
  const becomes = resource.archive === undefined ? resource.write.becomes : 'kept here, see below';
  return `| [${resource.name}](#${resource.name}) | \`${switchOf(resource)}\` | \`${endpointOf(resource)}\`${resource.read.from === 'brevo' ? ' of Brevo' : ''} | ${cell(becomes)} |`;
}

function sectionOf(resource: AnyResource): string {
  const { name, title, read, write, after, archive, notCarried } = resource;
  const facts: (readonly [string, string] | undefined)[] = [
    [read.from === 'brevo' ? 'Brevo' : 'Klaviyo', `\`${endpointOf(resource)}\`${forEachOf(resource)}`],
    ['Scopes', [...read.scopes, ...(read.needsToWrite ?? [])].map((scope) => `\`${scope}\``).join(', ')],
    ['Limits', limitsInWords(readLanes(ANY_ACCOUNT, resource))],
    ['Page', pageOf(resource)],
    ['Read by', sliceOf(resource)],
    ['Incremental runs', changesOf(resource)],
    read.passes && ['Asked once for each of', read.passes.map(({ filter }) => `\`${filter}\``).join(', ')],
    [
      'Also asked for',
      read.extra
        ? Object.entries(read.extra)
            .map(([key, value]) => `\`${key}=${value}\``)
            .join(', ')
        : 'nothing',
    ],
    after && after.length > 0 ? ['After', after.map((one) => `[${one}](#${one})`).join(', ')] : undefined,
    ['Becomes', write.becomes],
    ['Batch', write.batch],
    ['A repeat is harmless because', write.repeat],
    archive === undefined ? undefined : ['Not in Brevo because', archive],
  ];
  const lines = facts.flatMap((fact) => (fact ? [`| ${fact[0]} | ${cell(fact[1])} |`] : []));
  const left = notCarried && notCarried.length > 0 ? ['', 'Not carried:', '', ...notCarried.map((what) => `- ${what}`)] : [];
  return [`## ${name}`, '', `${title}.`, '', '| | |', '|---|---|', ...lines, ...left].join('\n');
}

const ANY_ACCOUNT = {
  account: 'any',
  settings: {
    brevo: { baseUrl: '', tier: 'general' },
    limits: { enabled: true, quotaShare: 1, marginMs: 0, klaviyo: {}, brevo: {} },
  },
} as const;

/** Orders have none of their own: they are a second reading of events. */
function switchOf({ sync }: AnyResource): string {
  return SYNC_SWITCHES.some((name) => name === sync) ? `sync.${sync}` : `events.${sync}`;
}

function endpointOf({ read }: AnyResource): string {
  return `${read.report ? 'POST' : 'GET'} ${read.path}`;
}

function forEachOf({ read: { forEach } }: AnyResource): string {
  if (!forEach) return '';
  const by = forEach.filterBy === undefined ? '' : `, by the filter \`equals(${forEach.filterBy},"…")\``;
  return `, once for each of [${forEach.resource}](#${forEach.resource})${forEach.where ? ' that can have some' : ''}${by}`;
}

function pageOf({ read: { pageSize, path, report } }: AnyResource): string {
  if (report) return 'as Klaviyo pages reports';
  if (path.endsWith('{id}')) return 'one record';
  return pageSize === undefined ? "Klaviyo's own size: the endpoint takes no `page[size]`" : String(pageSize);
}

function sliceOf({ read: { slice, report } }: AnyResource): string {
  if (report) return 'one report';
  if (!slice) return 'nothing: page after page';
  return `\`${slice.field}\`${slice.strict ? ', which Klaviyo compares by greater-than and less-than only: slices overlap by a second' : ''}`;
}

function changesOf({ read: { from, since, alsoSince = [], comesLate, forEach } }: AnyResource): string {
  if (from === 'brevo') return 'by `modifiedSince`, reading five minutes again';
  if (since === undefined) {
    if (forEach && resourceNamed(forEach.resource).read.since !== undefined)
      return `those of the ${forEach.resource} that changed`;
    return 'a sweep: read whole, unchanged records are told by their content hash';
  }
  const back = comesLate ? 'reading `events.look_back_days` again for what appears late' : 'reading five minutes again';
  const also = alsoSince.map(({ field }) => `; and \`${field}\`, which moves without it`).join('');
  return `by \`${since}\`, ${back}${also}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
