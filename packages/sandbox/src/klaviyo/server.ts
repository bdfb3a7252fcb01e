import { timingSafeEqual } from 'node:crypto';
import type { Reply, SandboxRequest } from '../http/exchange.js';
import { startVendorServer, type Vendor, type VendorServer } from '../http/vendor-server.js';
import { FixedWindows, sustained, type Verdict } from '../http/windows.js';
import type { KlaviyoOptions } from '../options.js';
import { type Account, createAccount } from './account.js';
import { klaviyoControl } from './control.js';
import { type KlaviyoEndpoint, klaviyoEndpoints } from './endpoints.js';
import { invalidParameter, JSON_API, problem } from './errors.js';
import { listed } from './fieldset.js';
import { budgetsOf, LIST_COUNT, PREDICTIVE_ANALYTICS, SEGMENT_COUNT } from './limits.js';

/** Any body over 5 MB is refused (events_api_overview). */
const MAX_BODY_BYTES = 5 * 1024 * 1024;

export async function startKlaviyo(options: KlaviyoOptions, listen: { host: string; port: number }): Promise<VendorServer> {
  const account = createAccount(options);
  const endpoints = klaviyoEndpoints(account);
  const windows = new FixedWindows({
    budgets: budgetsOf(endpoints, options.limitOverrides),
    enforced: options.limits === 'strict',
    scale: options.windowScale,
  });
  const vendor: Vendor<KlaviyoEndpoint> = {
    name: 'klaviyo',
    prefix: '',
    endpoints,
    windows,
    maxBodyBytes: MAX_BODY_BYTES,
    authenticate: (request) => authenticate(options, account, request),
    authorize: (_, endpoint) => authorize(options, endpoint),
    extraBudgets: ({ query }) => [
      ...(listed(query, 'additional-fields[profile]').includes('predictive_analytics') ? [PREDICTIVE_ANALYTICS] : []),
      ...(listed(query, 'additional-fields[list]').includes('profile_count') ? [LIST_COUNT] : []),
      ...(listed(query, 'additional-fields[segment]').includes('profile_count') ? [SEGMENT_COUNT] : []),
    ],
    validate,
    rateHeaders,
    refuse: (why) => refusals[why],
  };
  const { latencyMs, jitterMs, record } = options;
  return startVendorServer(vendor, { ...listen, latencyMs, jitterMs, record, control: klaviyoControl(account) });
}

function authenticate(
  { privateKey, furtherKeys, oauthToken, publicKey }: KlaviyoOptions,
  { oauth }: Account,
  { headers, path, query }: SandboxRequest,
): Reply | undefined {
  // These know who asks by themselves.
  if (isOAuth(path)) return undefined;
  // Client endpoints take the public key in the address and nothing else.
  if (path.startsWith('/client/')) {
    const known = query.get('company_id') === publicKey;
    return known ? undefined : invalidParameter('company_id', 'A valid company_id (the public API key) is required.');
  }
  const [scheme, secret = ''] = (headers.authorization ?? '').split(' ');
  if (scheme === 'Klaviyo-API-Key' && [privateKey, ...furtherKeys].some((key) => same(secret, key))) return undefined;
  if (scheme === 'Bearer' && (same(secret, oauthToken) || oauth.accepts(secret))) return undefined;
  const code = headers.authorization ? 'authentication_failed' : 'not_authenticated';
  return problem(401, {
    code,
    title: 'Incorrect authentication credentials.',
    detail: 'Missing or invalid private key or access token.',
  });
}

function isOAuth(path: string): boolean {
  return path.startsWith('/oauth/');
}

function same(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function authorize({ scopes }: KlaviyoOptions, endpoint: KlaviyoEndpoint): Reply | undefined {
  const missing = scopes === 'all' ? [] : endpoint.scopes.filter((scope) => !scopes.includes(scope));
  if (missing.length === 0) return undefined;
  return problem(403, {
    code: 'permission_denied',
    title: 'You do not have permission to perform this action.',
    detail: `API key is missing required scopes: ${missing.join(', ')}`,
  });
}

function validate({ headers, method, path, query }: SandboxRequest, endpoint: KlaviyoEndpoint): Reply | undefined {
  if (isOAuth(path)) return undefined;
  const revision = headers['revision'];
  if (typeof revision !== 'string' || !/^\d{4}-\d{2}-\d{2}(\.pre)?$/.test(revision)) {
    return problem(400, {
      code: 'invalid',
      title: 'Invalid input.',
      detail: 'The revision header is required, e.g. 2026-01-15.',
    });
  }
  const accepted = (headers.accept ?? '*/*').split(',').map((range) => range.split(';')[0]?.trim());
  if (!accepted.some((type) => type === JSON_API || type === 'application/json' || type === '*/*' || type === 'application/*')) {
    return problem(406, {
      code: 'not_acceptable',
      title: 'Not acceptable.',
      detail: `Could not satisfy the Accept header; use ${JSON_API}.`,
    });
  }
  const type = headers['content-type']?.split(';')[0]?.trim();
  if (method !== 'GET' && method !== 'DELETE' && type !== JSON_API && type !== 'application/json') {
    return problem(415, { code: 'unsupported_media_type', title: 'Unsupported media type.', detail: `Send ${JSON_API}.` });
  }
  const unknown = [...query.keys()].find((name) => !endpoint.query.includes(name));
  return unknown === undefined
    ? undefined
    : invalidParameter(unknown, `'${unknown}' is not an allowed query parameter for this resource.`);
}

/** The three headers speak of the steady window and are absent on a 429, which has Retry-After instead. */
function rateHeaders({ refusedBy, windows }: Verdict): Record<string, string> {
  if (refusedBy) return { 'retry-after': String(Math.max(1, Math.ceil(refusedBy.resetMs / 1_000))) };
  const steady = sustained(windows);
  if (!steady) return {};
  return {
    'ratelimit-limit': String(steady.limit),
    'ratelimit-remaining': String(steady.remaining),
    'ratelimit-reset': String(Math.ceil(steady.resetMs / 1_000)),
  };
}

const refusals = {
  'not-found': problem(404, { code: 'not_found', title: 'Not found.', detail: 'The path is not served by the sandbox.' }),
  'wrong-method': problem(405, {
    code: 'method_not_allowed',
    title: 'Method not allowed.',
    detail: 'The path has no such method.',
  }),
  'too-large': problem(413, { code: 'invalid', title: 'Payload too large.', detail: 'A request body takes at most 5 MB.' }),
  throttled: problem(429, {
    code: 'throttled',
    title: 'Request was throttled.',
    detail: 'Request was throttled. Expected available later.',
  }),
  broken: problem(500, {
    code: 'error',
    title: 'A server error occurred.',
    detail: 'The sandbox has a bug; its standard error has the stack.',
  }),
  outage: problem(503, {
    code: 'service_unavailable',
    title: 'Service unavailable.',
    detail: 'The service is temporarily unavailable.',
  }),
};
