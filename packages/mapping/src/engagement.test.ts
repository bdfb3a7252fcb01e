import { describe, expect, it } from '@jest/globals';
import { cameFromBrevo, engagementItem, engagementKind, type EngagementRow, mapEngagement } from './engagement.js';

const rules = {
  metrics: { opened: 'Brevo Email Opened', clicked: 'Brevo Email Clicked', hard_bounce: 'Brevo Email Hard Bounced' },
  now: '2026-09-01T00:00:00.000Z',
};
const opening = {
  id: 17,
  event: 'opened',
  email: 'jane@example.com',
  camp_id: 9,
  'campaign name': 'Spring',
  ts_sent: 1_780_000_000,
  ts_event: 1_780_000_123,
  ts: 1_780_000_123,
  date_event: '2026-05-28 22:28:43',
};
const mapped = (told: object, profile = 'p1') => mapEngagement(engagementItem.parse(told), profile, rules);
function rowOf(told: object, profile = 'p1'): EngagementRow {
  const found = mapped(told, profile);
  if (found.kind !== 'row') throw new Error(found.reason);
  return found.row;
}
const idOf = (told: object, profile = 'p1') => rowOf(told, profile).uniqueId;

describe('what Brevo tells of a message', () => {
  it('becomes an event at its own time, with what it was about, and without an address', () => {
    const row = rowOf(opening);
    expect(row).toEqual({
      uniqueId: expect.stringMatching(/^brevo-[0-9a-f]{32}$/),
      metric: 'Brevo Email Opened',
      date: '2026-05-28T20:28:43.000Z',
      properties: {
        Channel: 'marketing',
        'Campaign ID': '9',
        'Campaign Name': 'Spring',
        tajo_brevo_event: row.uniqueId,
      },
    });
    expect(JSON.stringify(row)).not.toContain('@');
  });

  it('is one event however it is told, and another where anything that matters differs', () => {
    const again = { ...opening, id: 99, ts: 1_780_009_999, campaign_name: 'Spring', event: 'unique_opened' };
    expect(idOf(again)).toBe(idOf(opening));
    const others = [
      { ...opening, camp_id: 10 },
      { ...opening, ts_event: 1_780_000_124 },
      { ...opening, event: 'click', URL: 'https://example.com/a' },
      { ...opening, event: 'click', URL: 'https://example.com/b' },
      { ...opening, 'message-id': '<1@smtp-relay.example>' },
    ];
    const ids = [idOf(opening), ...others.map((one) => idOf(one)), idOf(opening, 'p2')];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('of a single message carries its subject, tags and link', () => {
    const click = {
      event: 'clicked',
      'message-id': '<1@x>',
      subject: 'Your order',
      tags: ['order', 7, null],
      tag: 'order',
      link: 'https://x/y',
      ts_epoch: 1_780_000_123_456,
    };
    expect(rowOf(click)).toMatchObject({
      date: '2026-05-28T20:28:43.000Z',
      properties: {
        Channel: 'transactional',
        Subject: 'Your order',
        Tags: ['order', '7'],
        URL: 'https://x/y',
        'Message ID': '<1@x>',
      },
    });
  });

  it.each([
    [{ ...opening, event: 'spam' }, 'not named in brevo_event_mapping'],
    [{ ...opening, event: 'contact_updated' }, 'not named in brevo_event_mapping'],
    [{ ...opening, event: '__proto__' }, 'not named in brevo_event_mapping'],
    [{ ...opening, ts_event: null, ts: undefined }, 'without a usable time'],
    [{ ...opening, ts_event: 12 }, 'without a usable time'],
    [{ ...opening, ts_event: 1_900_000_000 }, 'without a usable time'],
  ])('is left out with a reason: %j', (told, reason) => {
    expect(mapped(told)).toEqual({ kind: 'skip', reason });
  });

  it('is known by either spelling', () => {
    for (const word of ['hard_bounce', 'hard_bounced', 'Hard_Bounce']) expect(engagementKind(word)).toBe('hard_bounce');
    for (const word of ['list_addition', 'contact_deleted', 'constructor', '']) expect(engagementKind(word)).toBeUndefined();
  });

  it('is recognised again when Klaviyo shows it', () => {
    expect(cameFromBrevo(rowOf(opening).properties)).toBe(true);
    for (const other of [null, {}, { tajo_brevo_event: 'mine' }, 'text']) expect(cameFromBrevo(other)).toBe(false);
  });
});
