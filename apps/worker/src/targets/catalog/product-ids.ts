import type { RunContext } from '../target.js';

/** Links of no resource: which record a Brevo product comes from, by the product's id. */
const PRODUCT_OWNERS = 'catalog-products';

export interface Claim {
  /** Klaviyo's id of the item or variant. */
  readonly sourceId: string;
  /** The shop's own id, which the product shall have. */
  readonly wanted: string;
}

/**
 * The Brevo id of each record, by Klaviyo's id. Items and variants are counted apart in Klaviyo and together in Brevo, so a variant that
 * has the id of an item gets `-variant` behind it (an item that comes later takes the id over, and orders name items). Two items of
 * different integrations can have one id too: the first keeps it, and the second is in nobody's answer.
 */
export async function claimProductIds(
  { work, run }: RunContext,
  kind: 'item' | 'variant',
  claims: readonly Claim[],
): Promise<Map<string, string>> {
  const { links } = work.store;
  const owner = { account: run.account, run: run._id, resource: PRODUCT_OWNERS };
  const ids = claims.flatMap(({ wanted }) => (kind === 'item' ? [wanted] : [wanted, aside(wanted)]));
  const stored = await links.find(run.account, PRODUCT_OWNERS, ids);
  const owners = new Map([...stored].map(([id, { targetId }]) => [id, String(targetId)]));

  const given = new Map<string, string>();
  const claimed: { sourceId: string; hash: string; targetId: string }[] = [];
  for (const { sourceId, wanted } of claims) {
    const me = `${kind} ${sourceId}`;
    const mayHave = (id: string) => {
      const other = owners.get(id);
      return other === undefined || other === me || (kind === 'item' && other.startsWith('variant '));
    };
    const id = [wanted, ...(kind === 'variant' ? [aside(wanted)] : [])].find(mayHave);
    if (id === undefined) continue;
    given.set(sourceId, id);
    if (owners.get(id) === me) continue;
    owners.set(id, me);
    claimed.push({ sourceId: id, hash: '', targetId: me });
  }
  await links.put(owner, claimed, work.now());
  return given;
}

function aside(id: string): string {
  return `${id}-variant`;
}

/** The products of records that are gone: whoever comes next may have their ids. */
export async function releaseProductIds({ work, run }: RunContext, ids: readonly string[]): Promise<void> {
  await work.store.links.remove(run.account, PRODUCT_OWNERS, ids);
}
