import type { Collection } from './collections.js';
import { numberedId } from './ids.js';
import type { SandboxRecord } from './record.js';

const times = {
  operators: ['equals', 'greater-or-equal', 'greater-than', 'less-or-equal', 'less-than'],
  type: 'datetime',
} as const;

/** The library: what GET /api/templates lists. Messages have copies of their own, found by id only. */
export function templateCollection(records: () => readonly SandboxRecord[]): Collection {
  return {
    type: 'template',
    path: '/api/templates',
    page: 10,
    records,
    fields: ['amp', 'created', 'editor_type', 'html', 'name', 'text', 'updated'],
    filters: {
      id: { operators: ['any', 'equals'], type: 'text' },
      name: { operators: ['any', 'contains', 'equals'], type: 'text' },
      created: times,
      updated: times,
    },
    sorts: ['created', 'id', 'name', 'updated'],
  };
}

export function libraryTemplates(count: number): SandboxRecord[] {
  return Array.from({ length: count }, (_, at) => template(numberedId('TMPL', at + 1), `Template ${at + 1}`, at + 1));
}

/** Plain tags, filters, conditions, loops and what only Klaviyo has: personalisation as marketers write it. */
const bodies = [
  "<p>Hi {{ first_name|default:'there' }},</p><p>{% unsubscribe %}</p>",
  "<p>{{ person.first_name|title }} – {{ person|lookup:'Favourite Colour!' }}</p>{% unsubscribe 'Stop' %}",
  "{% if person.is_vip == 'true' %}<b>VIP</b>{% else %}<i>Hello</i>{% endif %} {% manage_preferences %}",
  '{% for item in event.Items %}<li>{{ item.ProductName }} {{ item.ItemPrice|floatformat:2 }}</li>{% endfor %}',
  '<p>Your code: {% coupon_code \'WELCOME10\' %}</p><img src="{{ catalog_item.image_full_url }}">',
  '<!-- no tags at all --><table><tr><td>größer &amp; schöner “quoted”</td></tr></table>',
  '{{ unclosed <p>{% if %}</p>',
  '',
];

export function template(id: string, name: string, turn: number): SandboxRecord {
  const day = `2024-0${1 + (turn % 9)}-1${turn % 9}T08:00:00+00:00`;
  const body = bodies[turn % bodies.length] ?? '';
  const kind = ['CODE', 'SYSTEM_DRAGGABLE', 'USER_DRAGGABLE', 'SIMPLE'][turn % 4];
  return {
    type: 'template',
    id,
    attributes: {
      name,
      editor_type: kind,
      html: body === '' ? '' : `<html><body>${body}${turn % 40 === 7 ? '<p>long</p>'.repeat(20_000) : ''}</body></html>`,
      text: turn % 3 === 0 ? null : 'Hello {{ first_name }}',
      amp: null,
      created: day,
      updated: day,
    },
  };
}
