import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { type PersonalisationFacts, translateTags } from './personalisation.js';

const attributes: Readonly<Record<string, string>> = {
  email: 'EMAIL',
  first_name: 'FIRSTNAME',
  city: 'CITY',
  vip: 'VIP',
  'Favourite Colour!': 'FAVOURITE_COLOUR',
};
const html: PersonalisationFacts = {
  attributeOf: (field) => (Object.hasOwn(attributes, field) ? attributes[field] : undefined),
  organization: { name: 'Tom & Co' },
  as: 'html',
};
const text: PersonalisationFacts = { ...html, as: 'text' };

const translated = (source: string, facts = html) => translateTags(source, facts);

describe('personalisation', () => {
  it.each([
    ['{{ first_name }}', '{{ contact.FIRSTNAME }}'],
    ["{{ first_name|default:'there' }}", "{{ contact.FIRSTNAME | default: 'there' }}"],
    ['{{first_name | title|default:"you"}}', '{{ contact.FIRSTNAME | title | default: "you" }}'],
    ['{{ first_name|default:&#39;there&#39; }}', "{{ contact.FIRSTNAME | default: 'there' }}"],
    ['{{ email }} {{ person.email }}', '{{ contact.EMAIL }} {{ contact.EMAIL }}'],
    ['{{ person.City }}', '{{ contact.CITY }}'],
    ["{{ person|lookup:'Favourite Colour!' }}", '{{ contact.FAVOURITE_COLOUR }}'],
    ["{{ person|lookup:'$first_name'|upper }}", '{{ contact.FIRSTNAME | upper }}'],
    ['{% unsubscribe %}', '<a href="{{ unsubscribe }}">Unsubscribe</a>'],
    ["{% unsubscribe 'Stop' %}", '<a href="{{ unsubscribe }}">Stop</a>'],
    ['<a href="{% unsubscribe_link %}">out</a>', '<a href="{{ unsubscribe }}">out</a>'],
    ['<a href="{% web_view %}">see</a>', '<a href="{{ mirror }}">see</a>'],
    ['{% manage_preferences %}', '<a href="{{ update_profile }}">Manage Preferences</a>'],
    ['&copy; {{ organization.name }}', '&copy; Tom &#38; Co'],
    [
      "{% if person.vip == 'true' and not person.City %}VIP{% elif first_name %}you{% else %}hi{% endif %}",
      "{% if contact.VIP == 'true' and not contact.CITY %}VIP{% elif contact.FIRSTNAME %}you{% else %}hi{% endif %}",
    ],
    ['a text {without} tags', 'a text {without} tags'],
  ])('%s becomes %s', (source, wanted) => {
    expect(translated(source)).toEqual({ text: wanted, left: [] });
  });

  it('writes links as bare addresses in plain text, and facts unescaped', () => {
    expect(translated('{% unsubscribe %} {{ organization.name }}', text).text).toBe('{{ unsubscribe }} Tom & Co');
  });

  it.each([
    '{{ event.Items }}',
    "{% coupon_code 'WELCOME10' %}",
    '{{ person.not_mapped }}',
    '{{ first_name|slugify }}',
    '{% for item in event.Items %}',
    '{% if event.total > 5 %}',
    '{% if %}',
    '{% today "%Y" as today %}',
    '{{ organization.url }}',
    "{% unsubscribe '{{ first_name }}' %}",
    '{{ unclosed <p>',
    '{{ first_name {{ email }}',
    '{{ constructor }}',
    '{% constructor %}',
    '{{ person.constructor }}',
    "{{ person|lookup:'__proto__' }}",
  ])('leaves %s as it is and says so', (tag) => {
    const { text: same, left } = translated(`<p>${tag}</p>`);
    expect(same).toBe(`<p>${tag}</p>`);
    expect(left).toHaveLength(1);
    expect(`<p>${tag}</p>`.replace(/\s+/g, ' ')).toContain(left[0]);
  });

  it('lists a tag once, and long ones cut', () => {
    const { left } = translated(`{{ event.a }}{{ event.a }}{{ event.${'b'.repeat(500)} }}`);
    expect(left).toHaveLength(2);
    expect(left[0]).toBe('{{ event.a }}');
    expect(left[1]).toMatch(/^\{\{ event\.b+…$/);
    expect(left[1]?.length).toBeLessThan(100);
  });

  it('lets nothing of the mapping into a tag that is no attribute', () => {
    const odd: PersonalisationFacts = { attributeOf: () => 'X }} {% evil %}', as: 'html' };
    expect(translated('{{ first_name }}', odd)).toEqual({ text: '{{ first_name }}', left: ['{{ first_name }}'] });
  });

  it('never throws, and done again changes nothing', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '{{',
        '}}',
        '{%',
        '%}',
        '{',
        '}',
        '%',
        '|',
        ':',
        "'",
        '"',
        ' ',
        'if',
        'first_name',
        'person',
        '.',
        'lookup',
        'default',
        'contact.X',
        'organization.name',
        'unsubscribe',
        'web_view_link',
        '==',
        'and',
        '{{ first_name }}',
        '{% unsubscribe %}',
        '{% if person.vip %}',
        "{% unsubscribe 'x' %}",
        'href="',
        '&#39;',
        '&quot;',
        'é😀',
        '\n',
      ),
      fc.string({ maxLength: 12 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 25 }), fc.constantFrom(html, text), (pieces, facts) => {
        const once = translated(pieces.join(''), facts);
        expect(translated(once.text, facts).text).toBe(once.text);
      }),
      { seed: 20260115, numRuns: 5_000 },
    );
  });

  it('takes a document of a megabyte in a moment', () => {
    const long = `${'{{ first_name'.repeat(20_000)}${"{{ first_name|default:'".repeat(20_000)}${'{% if a and '.repeat(20_000)}`;
    const began = performance.now();
    translated(long);
    translated(`{{ ${'a.'.repeat(200_000)} }}{% if ${'a|b '.repeat(100_000)} %}`);
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});
