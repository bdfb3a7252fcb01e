import type { ArchivedRecord } from '@tajo/store';
import type { RunContext } from '../target.js';

const PAGE = 500;

/** Codes that we know to be in Brevo, of one coupon or of all. Ids begin with that of the coupon (…/reference/get_coupon_code). */
export async function* codesInBrevo(
  { work, run }: RunContext,
  coupon?: string,
): AsyncGenerator<ArchivedRecord & { collection: string }> {
  const filter = { account: run.account, resource: 'coupon-codes' };
  const prefix = coupon === undefined ? '' : `${coupon}-`;
  for (let after = prefix; ; ) {
    const records = await work.store.archive.page(filter, { ...(after === '' ? {} : { after }), limit: PAGE });
    for (const record of records) {
      if (!record.sourceId.startsWith(prefix)) return;
      const { collection } = record.data;
      if (typeof collection === 'string' && (coupon === undefined || record.data['coupon'] === coupon))
        yield { ...record, collection };
    }
    const last = records.at(-1);
    if (!last || records.length < PAGE) return;
    after = last.sourceId;
  }
}
