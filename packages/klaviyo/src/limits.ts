import type { Lane, RateWindow } from '@tajo/limiter';
import { endpointLimits, parameterLimits, type VendorLimit } from './limits.generated.js';

/**
 * The lanes one request counts in: its endpoint's, and one for every costly parameter value, which all endpoints share.
 * Klaviyo counts per account and endpoint, in fixed windows of a second, a minute and for some endpoints a day
 * (https://developers.klaviyo.com/en/docs/rate_limits_and_error_handling).
 */
export function lanesFor(request: LaneRequest): Lane[] {
  const { account, method, path, auth, overrides = {} } = request;
  const [bare = '', inlineQuery] = path.split('?', 2);
  const endpoint = endpointOf(method.toUpperCase(), bare);
  // All private keys of an account share one quota; an OAuth app has its own.
  const owner = auth === 'oauth' ? `klaviyo:${account}:oauth ` : `klaviyo:${account}:`;
  const limit = endpoint ? endpointLimit(endpoint, auth, overrides) : { ...unlistedLimit, ...overrides.unlisted };
  const lane = { key: `${owner}${endpoint ?? 'unlisted'}`, windows: windowsOf(limit) };
  const query = new URLSearchParams([...new URLSearchParams(inlineQuery), ...new URLSearchParams(request.query)]);
  const costly = parameterLimits.filter(
    ({ parameter, value, endpoints }) =>
      query.getAll(parameter).some((values) => values.split(',').includes(value)) &&
      // `include` values mean something else elsewhere. An additional field costs the same wherever it is accepted.
      (parameter !== 'include' || (endpoint !== undefined && endpoints.includes(endpoint))),
  );
  return [
    lane,
    ...costly.map(({ parameter, value, ...own }) => {
      const name = `${parameter}=${value}`;
      return { key: `${owner}${name}`, windows: windowsOf({ ...own, ...overrides[name] }) };
    }),
  ];
}

export interface LaneRequest {
  readonly account: string;
  readonly method: string;
  /** As sent, e.g. `/api/profiles/01H…`, or as a template. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>> | URLSearchParams | string;
  readonly auth: KlaviyoAuthKind;
  readonly overrides?: LaneOverrides;
}

export type KlaviyoAuthKind = 'private' | 'oauth' | 'public';

/** By lane name: `steady`, `bulk`, `client`, `unlisted`, an endpoint (`GET /api/profiles/{id}`) or a parameter (`include=lists`). */
export type LaneOverrides = Readonly<Record<string, Partial<VendorLimit>>>;

/** What an endpoint without an entry gets, all of them together: class S, the strictest that is not about reports or accounts. */
const unlistedLimit: VendorLimit = { burst: 3, steady: 60 };

/** The documentation says 700 a minute where the OpenAPI says 750; the lower one cannot be wrong. OAuth: the product's own table. */
const steadyLimit = { private: { burst: 75, steady: 700 }, oauth: { burst: 150, steady: 1500 } } as const;
const bulkLimit: VendorLimit = { burst: 10, steady: 100 };
const clientBurst = 100;

/** Endpoint overrides win over those of its group, and both over the tables. */
function endpointLimit(endpoint: string, auth: KlaviyoAuthKind, overrides: LaneOverrides): VendorLimit {
  const own = endpointLimits[endpoint] ?? unlistedLimit;
  const group = groupOf(endpoint, own);
  return { ...groupLimit(group, own, auth), ...(group && overrides[group]), ...overrides[endpoint] };
}

function groupOf(endpoint: string, own: VendorLimit): 'steady' | 'bulk' | 'client' | undefined {
  if (/^\w+ \/client\//.test(endpoint)) return 'client';
  // Some bulk jobs (data source records) are held shorter than the bulk lane: those keep their own class.
  const createsBulkJob = /^POST \/api\/[\w-]+-bulk-(create|update|delete|import)-jobs$/.test(endpoint);
  if (createsBulkJob && own.burst >= bulkLimit.burst && own.steady >= bulkLimit.steady) return 'bulk';
  return isSteady(own) ? 'steady' : undefined;
}

function groupLimit(group: ReturnType<typeof groupOf>, own: VendorLimit, auth: KlaviyoAuthKind): VendorLimit {
  if (group === 'bulk') return bulkLimit;
  if (group === 'steady') return auth === 'oauth' ? steadyLimit.oauth : steadyLimit.private;
  if (group === 'client') {
    const { burst, steady, ...rest } = isSteady(own) ? steadyLimit.private : own;
    return { burst: Math.min(burst, clientBurst), steady, ...rest };
  }
  return own;
}

/** Class L. */
function isSteady({ burst, steady }: VendorLimit): boolean {
  return burst === 75 && steady === 750;
}

function windowsOf({ burst, steady, daily }: VendorLimit): RateWindow[] {
  return [
    { limit: burst, windowMs: 1_000 },
    { limit: steady, windowMs: 60_000 },
    ...(daily === undefined ? [] : [{ limit: daily, windowMs: 86_400_000 }]),
  ];
}

const templates = Object.keys(endpointLimits).map((endpoint) => {
  const [method = '', path = ''] = endpoint.split(' ');
  return { endpoint, method, parts: partsOf(path) };
});

/** `/api/catalog-items/{id}` for `/api/catalog-items/$custom:::1`; a literal part wins over a parameter. */
function endpointOf(method: string, path: string): string | undefined {
  const parts = partsOf(path);
  const fitting = templates.filter(
    (template) =>
      template.method === method &&
      template.parts.length === parts.length &&
      template.parts.every((part, at) => isParameter(part) || part === parts[at]),
  );
  const [best] = fitting.sort((a, b) => parametersIn(a.parts) - parametersIn(b.parts));
  return best?.endpoint;
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '');
}

function parametersIn(parts: readonly string[]): number {
  return parts.filter(isParameter).length;
}

function isParameter(part: string): boolean {
  return part.startsWith('{');
}
