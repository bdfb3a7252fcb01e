import { textIn, translateTags, type NotedKeptRow } from '@tajo/mapping';
import { admitByHash, type HashedRow } from '../by-hash.js';
import type { RunContext, Target } from '../target.js';
import { type CopyOutcome, deliverCopies, type Existing } from './deliver-copies.js';
import { copyRulesOf, factsOf, planCopies, senderFor } from './rules.js';

/** Brevo takes no shorter HTML (developers.brevo.com/reference/create-smtp-template). */
const SHORTEST_HTML = 11;
const AT_ONCE = 25;
/** A listing shows each with its whole HTML, so not many more than can be ours. */
const LOOKED_AT = 40;

/** Templates of Brevo, inactive. One that somebody has taken into use is theirs and left as it is. */
export const templates: Target = {
  plan: (context) => planCopies(context, true),

  admit(context, resource, mapped) {
    const rules = copyRulesOf(context, resource);
    const rows = mapped as readonly NotedKeptRow[]; // Made by the `map` of a resource that names this target.
    return admitByHash(context, { resource, rows, target: () => ({ sender: senderFor(rules, null) }) });
  },

  deliver(context, batch, rows) {
    // The shape `admitByHash` gave them.
    const hashed = rows as readonly HashedRow<NotedKeptRow>[];
    return deliverCopies(context, batch, hashed, {
      left: () => leftTemplates(context),
      copy: (row, existing) => copyTemplate(context, batch.resource, row, existing),
      atOnce: AT_ONCE,
    });
  },
};

const tagOf = (sourceId: string) => `klaviyo:${sourceId}`;

async function leftTemplates({ account }: RunContext): Promise<Map<string, number>> {
  const newest = await account.brevo.newestTemplates({ limit: LOOKED_AT });
  return new Map(
    newest.flatMap(({ id, tag }) => (tag?.startsWith(tagOf('')) ? [[tag.slice(tagOf('').length), id] as const] : [])),
  );
}

async function copyTemplate(
  context: RunContext,
  resource: string,
  { sourceId, kept }: NotedKeptRow,
  existing: Existing | undefined,
): Promise<CopyOutcome> {
  const { brevo } = context.account;
  const rules = copyRulesOf(context, resource);
  const sender = senderFor(rules, null);
  const none = (why: string): CopyOutcome => ({ id: existing?.id ?? null, untranslated: [], notes: [why] });
  if (sender === null) return none('no copy: the Brevo account has no verified sender');
  const html = translateTags(textIn(kept, 'html') ?? '', factsOf(context, rules, 'html'));
  if (html.text.trim().length < SHORTEST_HTML) return none('no copy: the template has no HTML');
  const name = textIn(kept, 'name') ?? sourceId;
  // A Klaviyo template has no subject, and Brevo wants one.
  const content = { name, subject: name, sender: { id: sender }, htmlContent: html.text };

  if (existing === undefined) {
    const { id } = await brevo.createTemplate({ ...content, tag: tagOf(sourceId) });
    return { id, untranslated: html.left, notes: [] };
  }
  const there = await brevo.template(existing.id);
  if (!there) return none('not updated: the copy was deleted in Brevo');
  if (there.isActive) return none('not updated: the copy is in use in Brevo');
  await brevo.updateTemplate(existing.id, content);
  return { id: existing.id, untranslated: html.left, notes: [] };
}
