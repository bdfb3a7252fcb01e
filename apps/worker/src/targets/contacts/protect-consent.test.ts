import { describe, expect, it } from '@jest/globals';
import type { ContactRow } from '@tajo/mapping';
import * as fc from 'fast-check';
import { protectConsent } from './protect-consent.js';

const CHANNELS = ['email', 'sms'] as const;
type Flags = Readonly<Record<(typeof CHANNELS)[number], boolean>>;

const flags = fc.record({ email: fc.boolean(), sms: fc.boolean() });
const LISTS = ['all_contacts', 'high_value', 'subscribers'];

function rowOf(klaviyoBlocks: Flags): ContactRow {
  return {
    sourceId: 'P1',
    email: 'a@example.com',
    attributes: {},
    emailBlocked: klaviyoBlocks.email,
    smsBlocked: klaviyoBlocks.sms,
    lists: klaviyoBlocks.email ? LISTS.slice(0, 2) : LISTS,
    consent: { email: 'subscribed', sms: 'subscribed', suppressions: [] },
    notes: [{ field: 'CITY', reason: 'left out' }],
  };
}

const protect = (klaviyoBlocks: Flags, brevo: Flags | undefined, ours: Flags | undefined) => {
  const row = protectConsent(
    rowOf(klaviyoBlocks),
    brevo && { emailBlocked: brevo.email, smsBlocked: brevo.sms },
    ours && { blockedByUs: ours },
  );
  return { ...row, blocked: { email: row.emailBlocked, sms: row.smsBlocked } };
};

describe('consent of a contact that both sides know', () => {
  const maybe = fc.option(flags, { nil: undefined });

  it('is the most restrictive of both, and never clears a block that is not ours', () => {
    fc.assert(
      fc.property(flags, maybe, maybe, (klaviyoBlocks, brevo, ours) => {
        const { blocked, blockedByUs, unblock } = protect(klaviyoBlocks, brevo, ours);
        for (const channel of CHANNELS) {
          const brevoBlocks = brevo?.[channel] ?? false;
          const foreign = brevoBlocks && !(ours?.[channel] ?? false);
          expect(blocked[channel]).toBe(klaviyoBlocks[channel] || foreign);
          expect(unblock[channel]).toBe(brevoBlocks && !foreign && !klaviyoBlocks[channel]);
          expect(blockedByUs[channel]).toBe(blocked[channel] && !foreign);
        }
      }),
      // More than the 2 x 2 x 5 x 5 cases, so that each is met.
      { numRuns: 3_000 },
    );
  });

  it('takes whom Brevo blocks off the subscribers only, and says why', () => {
    fc.assert(
      fc.property(flags, maybe, maybe, (klaviyoBlocks, brevo, ours) => {
        const { lists, notes } = protect(klaviyoBlocks, brevo, ours);
        const kept = CHANNELS.filter((channel) => !klaviyoBlocks[channel] && brevo?.[channel] && !ours?.[channel]);
        expect(lists).toEqual(klaviyoBlocks.email || kept.includes('email') ? LISTS.slice(0, 2) : LISTS);
        expect(notes.map(({ field }) => field)).toEqual(['CITY', ...kept.map((channel) => `${channel} consent`)]);
      }),
      { numRuns: 1_000 },
    );
  });

  it('holds however often and in whatever order both sides change their mind', () => {
    const event = fc.oneof(
      fc.record({ by: fc.constant('klaviyo' as const), blocks: flags }),
      fc.record({ by: fc.constant('brevo' as const), blocks: flags }),
      fc.constant({ by: 'sync' as const }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        let klaviyo: Flags = { email: false, sms: false };
        let ours: Flags | undefined;
        const brevo = { email: false, sms: false };
        const foreign = { email: false, sms: false };
        for (const each of [...events, { by: 'sync' as const }]) {
          if (each.by === 'klaviyo') klaviyo = each.blocks;
          else if (each.by === 'brevo') {
            for (const channel of CHANNELS) {
              // Over our own block, Brevo's cannot be told from it.
              foreign[channel] = each.blocks[channel] && !ours?.[channel];
              brevo[channel] = each.blocks[channel];
            }
          } else {
            const written = protect(klaviyo, { ...brevo }, ours);
            for (const channel of CHANNELS) {
              if (foreign[channel]) expect(written.blocked[channel]).toBe(true);
              // An import sets a block and clears none; clearing is a write of its own.
              if (brevo[channel] && !written.blocked[channel]) expect(written.unblock[channel]).toBe(true);
              brevo[channel] = written.blocked[channel];
              expect(brevo[channel]).toBe(klaviyo[channel] || foreign[channel]);
            }
            ours = written.blockedByUs;
            // Done twice, nothing more happens.
            expect(protect(klaviyo, { ...brevo }, ours)).toMatchObject({
              blocked: brevo,
              blockedByUs: ours,
              unblock: { email: false, sms: false },
            });
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
