import { isoSecond } from './calendar.js';
import { idOf } from './campaigns.js';
import type { Collection } from './collections.js';
import { numberedId } from './ids.js';
import { reference, type SandboxRecord } from './record.js';
import { template } from './templates.js';

export interface FlowShelf {
  readonly flows: readonly SandboxRecord[];
  readonly actions: readonly SandboxRecord[];
  readonly messages: readonly SandboxRecord[];
  readonly templates: readonly SandboxRecord[];
}

const triggers = ['Added to List', 'Metric', 'Price Drop', 'Date Based', 'Low Inventory', 'Unconfigured'];
const kinds = ['send-email', 'time-delay', 'send-sms', 'conditional-split', 'send-email', 'update-profile'];
const START = Date.parse('2023-01-10T09:00:00Z') / 1_000;

export function generateFlows({ count }: { count: number }): FlowShelf {
  const flows: SandboxRecord[] = [];
  const actions: SandboxRecord[] = [];
  const messages: SandboxRecord[] = [];
  const templates: SandboxRecord[] = [];
  for (let n = 1; n <= count; n += 1) {
    const created = isoSecond(START + n * 86_400 * 9);
    const updated = isoSecond(START + n * 86_400 * 9 + 3_600);
    const flow = { type: 'flow', id: numberedId('FLOW', n) };
    const own = Array.from({ length: n % 10 === 0 ? 0 : 1 + (n % 5) }, (_, at) => ({
      type: 'flow-action',
      id: String(10_000 + n * 100 + at),
      at,
    }));
    for (const { type, id, at } of own) {
      const kind = kinds[(n + at) % kinds.length] ?? 'time-delay';
      const sends = kind === 'send-email' || kind === 'send-sms';
      const messageId = `FM${id}`;
      actions.push({
        type,
        id,
        attributes: {
          definition: {
            id,
            type: kind,
            links: { next: own[at + 1]?.id ?? null },
            data: sends ? { message: { id: messageId }, status: 'live' } : { unit: 'days', value: 1 + at },
          },
          created,
          updated,
        },
        relationships: { flow, 'flow-messages': sends ? [{ type: 'flow-message', id: messageId }] : [] },
      });
      if (!sends) continue;
      const copy = kind === 'send-email' ? template(`FT${id}`, `Flow ${n} copy`, n + at) : undefined;
      if (copy) templates.push(copy);
      messages.push({
        type: 'flow-message',
        id: messageId,
        attributes: {
          channel: kind === 'send-sms' ? 'sms' : 'email',
          definition: copy
            ? {
                name: `Mail ${at + 1}`,
                subject_line: 'Hello {{ first_name }}',
                from_email: 'sender@example.com',
                from_label: 'Sandbox Shop',
                template_id: copy.id,
                transactional: false,
              }
            : { name: `Text ${at + 1}`, body: 'Hello {{ first_name }}', shorten_links: true },
          created,
          updated,
        },
        relationships: { 'flow-action': { type, id }, template: copy ? reference(copy) : null },
      });
    }
    flows.push({
      ...flow,
      attributes: {
        name: n % 8 === 3 ? 'Welcome series' : `Flow ${n}`,
        status: ['live', 'draft', 'manual'][n % 3],
        archived: n % 9 === 0,
        created,
        updated,
        trigger_type: triggers[n % triggers.length],
      },
      relationships: { 'flow-actions': own.map(({ type, id }) => ({ type, id })), tags: null },
    });
  }
  return { flows, actions, messages, templates };
}

const times = {
  operators: ['equals', 'greater-or-equal', 'greater-than', 'less-or-equal', 'less-than'],
  type: 'datetime',
} as const;
const named = { operators: ['contains', 'ends-with', 'equals', 'starts-with'], type: 'text' } as const;
const equal = { operators: ['equals'], type: 'text' } as const;
const fifty = { default: 50, max: 50 };

const those = (records: readonly SandboxRecord[], wanted: string | undefined) => records.filter(({ id }) => id === wanted);

export function flowCollections(shelf: () => FlowShelf): { flows: Collection; actions: Collection; messages: Collection } {
  return {
    flows: {
      type: 'flow',
      path: '/api/flows',
      page: fifty,
      records: () => shelf().flows,
      fields: ['archived', 'created', 'name', 'status', 'trigger_type', 'updated'],
      filters: {
        id: { operators: ['any'], type: 'text' },
        name: named,
        status: equal,
        archived: { operators: ['equals'], type: 'boolean' },
        created: times,
        updated: times,
        trigger_type: equal,
      },
      sorts: ['created', 'id', 'name', 'status', 'trigger_type', 'updated'],
      includes: {
        'flow-actions': ({ id }) => shelf().actions.filter(({ relationships }) => idOf(relationships?.['flow']) === id),
        tags: () => [],
      },
    },
    actions: {
      type: 'flow-action',
      path: '/api/flow-actions',
      page: fifty,
      records: () => shelf().actions,
      fields: ['created', 'definition', 'updated'],
      filters: {
        id: { operators: ['any'], type: 'text' },
        action_type: { operators: ['any', 'equals'], type: 'text' },
        status: equal,
        created: times,
        updated: times,
      },
      sorts: ['action_type', 'created', 'id', 'status', 'updated'],
      includes: {
        flow: ({ relationships }) => those(shelf().flows, idOf(relationships?.['flow'])),
        'flow-messages': ({ id }) => shelf().messages.filter(({ relationships }) => idOf(relationships?.['flow-action']) === id),
      },
      valueAt: ({ attributes }, field) => {
        // Every action above has a definition with its type.
        const { type, data } = attributes['definition'] as { type: string; data: { status?: string } };
        return field === 'action_type' ? type : field === 'status' ? data.status : undefined;
      },
    },
    messages: {
      type: 'flow-message',
      path: '/api/flow-messages',
      page: fifty,
      records: () => shelf().messages,
      fields: ['channel', 'created', 'definition', 'updated'],
      filters: { id: { operators: ['any'], type: 'text' }, name: named, created: times, updated: times },
      sorts: ['created', 'id', 'name', 'updated'],
      includes: {
        'flow-action': ({ relationships }) => those(shelf().actions, idOf(relationships?.['flow-action'])),
        template: ({ relationships }) => those(shelf().templates, idOf(relationships?.['template'])),
      },
      // Every message above has a definition with its name.
      valueAt: ({ attributes }, field) => (field === 'name' ? (attributes['definition'] as { name: string }).name : undefined),
    },
  };
}
