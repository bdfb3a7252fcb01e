import { keyOf, type NotedKeptRow, textIn, translateTags } from '@tajo/mapping';
import type { ArchivedRecord } from '@tajo/store';
import { archive } from '../archive/index.js';
import { admitByHash, type HashedRow } from '../by-hash.js';
import type { RunContext, Target } from '../target.js';
import { audiencesOf } from './audiences.js';
import { type CopyOutcome, deliverCopies, type Existing } from './deliver-copies.js';
import { keepResults } from './keep-results.js';
import { markedName, sourceIdInName } from './name-mark.js';
import { type CopyRules, copyRulesOf, factsOf, planCopies, senderFor } from './rules.js';

/** Drafts made in one delivery: half of the hour's requests, and well within what one look at the newest campaigns shows. */
const AT_ONCE = 50;
const LOOKED_AT = 100;
const LONGEST_NAME = 200;

/**
 * Messages of campaigns are kept; with `campaigns.copy: drafts` those of e-mail become drafts as well. A draft is made once: people
 * go on writing it, so what changes in Klaviyo later is kept and not carried into it. Nothing is scheduled, nothing is sent.
 */
export const campaigns: Target = {
  plan: (context) => planCopies(context, context.work.config.account.campaigns.copy === 'drafts'),

  admit(context, resource, mapped) {
    const rules = copyRulesOf(context, resource);
    const rows = mapped as readonly NotedKeptRow[]; // Made by the `map` of a resource that names this target.
    return admitByHash(context, {
      resource,
      rows,
      target: (row) => (isDraft(row, rules) ? { copy: 'drafts', sender: senderFor(rules, fromOf(row)) } : { copy: 'none' }),
      group: (row) => ({ copy: isDraft(row, rules) ? 'drafts' : 'none' }),
    });
  },

  async deliver(context, batch, rows) {
    if (batch.group['copy'] !== 'drafts') return archive.deliver(context, batch, rows);
    // The shape `admitByHash` gave them.
    const hashed = rows as readonly HashedRow<NotedKeptRow>[];
    const rules = copyRulesOf(context, batch.resource);
    const parents = hashed.flatMap(({ row }) => textIn(row.kept, 'campaign') ?? []);
    const known = await context.work.store.archive.find(context.run.account, 'campaigns', parents);
    return deliverCopies(context, batch, hashed, {
      left: () => leftDrafts(context),
      copy: (row, existing) =>
        makeDraft(context, rules, { row, existing, campaign: known.get(textIn(row.kept, 'campaign') ?? '') }),
      atOnce: AT_ONCE,
    });
  },

  complete: keepResults,
};

function isDraft({ kept }: NotedKeptRow, { copies }: CopyRules): boolean {
  return copies && kept['channel'] === 'email';
}

async function leftDrafts({ account }: RunContext): Promise<Map<string, number>> {
  const newest = await account.brevo.newestCampaigns({ limit: LOOKED_AT });
  return new Map(
    newest.flatMap(({ id, name }) => {
      const sourceId = sourceIdInName(name);
      return sourceId === undefined ? [] : [[sourceId, id] as const];
    }),
  );
}

async function makeDraft(
  context: RunContext,
  rules: CopyRules,
  { row, existing, campaign }: { row: NotedKeptRow; existing: Existing | undefined; campaign: ArchivedRecord | undefined },
): Promise<CopyOutcome> {
  const none = (why: string): CopyOutcome => ({ id: existing?.id ?? null, untranslated: [], notes: [`no copy: ${why}`] });
  const sender = senderFor(rules, fromOf(row));
  if (sender === null) return none('the Brevo account has no verified sender');
  const source = textIn(keyOf(row.kept, 'template'), 'html');
  if (source === null || source.trim() === '') return none('the message has no HTML');

  const html = translateTags(source, factsOf(context, rules, 'html'));
  const plain = factsOf(context, rules, 'text');
  const content = contentOf(row);
  const name = nameOf(row, campaign);
  const subject = translateTags(textIn(content, 'subject')?.trim() ?? '', plain);
  const preview = translateTags(textIn(content, 'preview_text') ?? '', plain);
  const untranslated = [...new Set([...html.left, ...subject.left, ...preview.left])];
  if (existing?.known) return { id: existing.id, untranslated, notes: ['left as it is: the draft was made by an earlier run'] };

  const audiences = await audiencesOf(context, campaign);
  const notes = [...audiences.notes, ...(subject.text === '' ? ['the message has no subject: the name stands in for it'] : [])];
  if (existing) return { id: existing.id, untranslated, notes };
  const replyTo = textIn(content, 'reply_to_email');
  const { id } = await context.account.brevo.createCampaignDraft({
    name: markedName(name, row.sourceId),
    subject: subject.text === '' ? name : subject.text,
    sender: { id: sender },
    htmlContent: html.text,
    previewText: preview.text === '' ? undefined : preview.text,
    replyTo: replyTo !== null && /^[^\s{}]+@[^\s{}]+$/.test(replyTo) ? replyTo : undefined,
    mirrorActive: html.text.includes('{{ mirror }}') ? true : undefined,
    recipients: audiences.recipients,
  });
  return { id, untranslated, notes };
}

const contentOf = ({ kept }: NotedKeptRow): unknown => keyOf(keyOf(kept, 'definition'), 'content');

function fromOf(row: NotedKeptRow): string | null {
  return textIn(contentOf(row), 'from_email');
}

/** Campaigns with several messages are A/B tests: each becomes a draft under its own label. */
function nameOf({ kept, sourceId }: NotedKeptRow, campaign: ArchivedRecord | undefined): string {
  const name = textIn(campaign?.data, 'name') ?? sourceId;
  const messages = campaign?.data['messages'];
  const label = textIn(keyOf(kept, 'definition'), 'label');
  const full = Array.isArray(messages) && messages.length > 1 && label !== null ? `${name} – ${label}` : name;
  return Array.from(full).slice(0, LONGEST_NAME).join('');
}
