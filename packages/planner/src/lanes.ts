import { lanesFor as brevoLanesFor } from '@tajo/brevo';
import type { AccountSettings } from '@tajo/config';
import { type KlaviyoAuthKind, lanesFor as klaviyoLanesFor } from '@tajo/klaviyo';
import type { Lane } from '@tajo/limiter';
import type { AnyResource } from '@tajo/mapping';

export interface Owner {
  readonly account: string;
  /** How Klaviyo is signed in to; default by a private key. */
  readonly auth?: KlaviyoAuthKind;
  readonly settings: Pick<AccountSettings, 'limits' | 'brevo'>;
}

/** The lanes a page of the resource counts in. */
export function readLanes(owner: Owner, { read: { from, path, extra, report } }: Pick<AnyResource, 'read'>): Lane[] {
  const { account, auth = 'private', settings } = owner;
  if (from === 'brevo') return writeLanes(owner, { method: 'GET', path });
  const lanes = klaviyoLanesFor({
    account,
    method: report ? 'POST' : 'GET',
    path,
    auth,
    overrides: settings.limits.klaviyo,
    ...(extra && { query: extra }),
  });
  return asAllowed(settings, lanes);
}

/** The lane a request to Brevo counts in. */
export function writeLanes({ account, settings }: Owner, { method, path }: { method: string; path: string }): Lane[] {
  const lanes = brevoLanesFor({ account, method, path, tier: settings.brevo.tier, overrides: settings.limits.brevo });
  return asAllowed(settings, lanes);
}

/** Against a sandbox limits may be off: then no lane makes anybody wait. */
function asAllowed({ limits }: Owner['settings'], lanes: Lane[]): Lane[] {
  return limits.enabled ? lanes : lanes.map((lane) => ({ ...lane, windows: [] }));
}
