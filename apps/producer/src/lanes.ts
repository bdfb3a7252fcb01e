import { lanesFor as brevoLanesFor } from '@tajo/brevo';
import type { Config } from '@tajo/config';
import { type KlaviyoAuthKind, lanesFor as klaviyoLanesFor } from '@tajo/klaviyo';
import type { Lane } from '@tajo/limiter';
import { isResourceName, resources } from '@tajo/mapping';
import type { StoredRun } from '@tajo/store';

/** The lanes a run reads and writes through, for its progress view. */
export function lanesOf(
  { account: settings }: Config,
  { account, resources: names }: Pick<StoredRun, 'account' | 'resources'>,
  auth: KlaviyoAuthKind = 'private',
): Lane[] {
  const reading = names.filter(isResourceName).flatMap((name) => {
    const { path, extra } = resources[name].read;
    return klaviyoLanesFor({
      account,
      method: 'GET',
      path,
      auth,
      overrides: settings.limits.klaviyo,
      ...(extra && { query: extra }),
    });
  });
  const { tier } = settings.brevo;
  const writing = brevoLanesFor({ account, method: 'POST', path: '/contacts/import', tier, overrides: settings.limits.brevo });
  return [...new Map([...reading, ...writing].map((lane) => [lane.key, lane])).values()];
}
