import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BadInput } from '@tajo/errors';
import { type Config, configAsYaml, configurationPage, describeConfig, envFor, type LoadOptions, loadConfig } from './index.js';

/** As on the product page, the private key aside. */
const PAGE = `
connectors:
  klaviyo:
    enabled: true
    private_api_key: "your-klaviyo-private-key"
    public_api_key: "XXXXXX"
    api_revision: "2026-01-15"
    sync: { profiles: true, events: true, lists: true, segments: true, catalogs: false }
    lists: { all_contacts: 20, subscribers: 21, high_value: 22 }
    profile_mapping: { email: email, first_name: FIRSTNAME, last_name: LASTNAME, phone_number: SMS, city: CITY, region: REGION, country: COUNTRY,
                       zip: ZIP, organization: COMPANY, title: JOB_TITLE, lifetime_value: LTV, total_orders: ORDER_COUNT,
                       last_order_date: LAST_ORDER_DATE, preferred_channel: CHANNEL_PREF }
    event_mapping: { "Placed Order": "order_completed", "Ordered Product": "product_purchased" }
`;

let folder: string;
let files = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tajo-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function load(yaml: string | undefined, options: Partial<LoadOptions> = {}): Config {
  const cwd = join(folder, String(files++));
  mkdirSync(cwd);
  if (yaml !== undefined) writeFileSync(join(cwd, 'tajo.yaml'), yaml);
  return loadConfig({ env: {}, cwd, ...options });
}

function refusal(yaml: string | undefined, options: Partial<LoadOptions> = {}): BadInput {
  try {
    load(yaml, options);
  } catch (error) {
    if (error instanceof BadInput) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

describe('loadConfig', () => {
  it('takes the product page as it is written', () => {
    const { account, source } = load(PAGE);
    expect(source).toMatch(/tajo\.yaml$/);
    expect(account).toMatchObject({
      enabled: true,
      configured: false,
      klaviyo: { privateKey: 'your-klaviyo-private-key', publicKey: 'XXXXXX', revision: '2026-01-15' },
      lists: { all_contacts: 20, subscribers: 21, high_value: 22 },
      listRules: { high_value: { property: 'lifetime_value', gte: 500 } },
      sync: { profiles: true, catalogs: false, flows: false },
      eventMapping: { 'Placed Order': 'order_completed', 'Ordered Product': 'product_purchased' },
    });
  });

  it('has the mappings of the product page as defaults', () => {
    const page = load(PAGE).account;
    const none = load(undefined).account;
    expect(none.profileMapping).toEqual(page.profileMapping);
    expect(none.eventMapping).toEqual(page.eventMapping);
  });

  it('works without any file and freezes what it returns, all the way down', () => {
    const config = load(undefined);
    expect(config).toMatchObject({
      source: undefined,
      redisUrl: undefined,
      mongoUrl: undefined,
      queuePrefix: 'tajo',
      apiUrl: 'http://127.0.0.1:3000',
      host: '127.0.0.1',
      producer: { port: 3000 },
      worker: { port: 3100 },
      board: { port: 3001 },
      account: {
        brevo: { baseUrl: 'https://api.brevo.com/v3', tier: 'general' },
        klaviyo: { baseUrl: 'https://a.klaviyo.com' },
        limits: { enabled: true, quotaShare: 1, marginMs: 120 },
        pace: { pagesPerJob: 50, secondsPerJob: 30, parallelSlices: 16, batchRows: 5000, batchBytes: 6_000_000 },
      },
    });
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.account.limits.klaviyo)).toBe(true);
  });

  it('lets the file win over defaults, the environment over the file and flags over both', () => {
    const yaml = 'producer: { port: 4000 }\nlog_level: warn\nhost: 127.0.0.2';
    const env = { PRODUCER_PORT: '5000', LOG_LEVEL: 'error', BOARD_PORT: '' };
    const config = load(yaml, { env, flags: { 'producer.port': '6000', log_level: undefined } });
    expect([config.producer.port, config.logLevel, config.host, config.board.port]).toEqual([6000, 'error', '127.0.0.2', 3001]);
  });

  it('reads the file of --config, else of TAJO_CONFIG, else tajo.yaml', () => {
    writeFileSync(join(folder, 'a.yaml'), 'queue_prefix: a');
    writeFileSync(join(folder, 'b.yaml'), 'queue_prefix: b');
    const env = { TAJO_CONFIG: join(folder, 'b.yaml') };
    expect(load('queue_prefix: c', { env, configPath: join(folder, 'a.yaml') }).queuePrefix).toBe('a');
    expect(load('queue_prefix: c', { env }).queuePrefix).toBe('b');
    expect(load('queue_prefix: c').queuePrefix).toBe('c');
    expect(refusal(undefined, { configPath: 'nowhere.yaml' }).message).toMatch(
      /--config names .*nowhere\.yaml, which does not exist/,
    );
    expect(refusal(undefined, { env: { TAJO_CONFIG: 'nowhere.yaml' } }).field).toBe('TAJO_CONFIG');
  });

  it('reads every documented variable', () => {
    const env = {
      TAJO_API_KEY: 'k'.repeat(16),
      TAJO_URL: 'https://tajo.example.com/',
      KLAVIYO_PRIVATE_KEY: 'pk_1',
      KLAVIYO_PUBLIC_KEY: 'ABC123',
      BREVO_API_KEY: 'xkeysib-1',
      KLAVIYO_BASE_URL: 'http://127.0.0.1:1',
      BREVO_BASE_URL: 'http://localhost:2/v3',
      REDIS_URL: 'redis://127.0.0.1:3',
      MONGO_URL: 'mongodb://127.0.0.1:4/tajo',
      PRODUCER_PORT: '5',
      WORKER_PORT: '6',
      BOARD_PORT: '7',
      HOST: '0.0.0.0',
      PUBLIC_URL: 'https://hooks.example.com',
      LOG_LEVEL: 'debug',
      TAJO_ENCRYPTION_KEY: 'e'.repeat(32),
      BOARD_ADMIN_PASSWORD: 'admin-password',
      BOARD_VIEWER_PASSWORD: 'viewer-password',
      WORKER_CONCURRENCY: '8',
      TAJO_QUEUE_PREFIX: 'q',
    };
    expect(load(undefined, { env })).toMatchObject({
      apiKey: 'k'.repeat(16),
      apiUrl: 'https://tajo.example.com',
      redisUrl: 'redis://127.0.0.1:3',
      mongoUrl: 'mongodb://127.0.0.1:4/tajo',
      producer: { port: 5 },
      worker: { port: 6, concurrency: 8, lockSeconds: 15 },
      board: { port: 7, adminPassword: 'admin-password', viewerPassword: 'viewer-password' },
      host: '0.0.0.0',
      publicUrl: 'https://hooks.example.com',
      logLevel: 'debug',
      encryptionKey: 'e'.repeat(32),
      queuePrefix: 'q',
      account: {
        configured: true,
        klaviyo: { privateKey: 'pk_1', publicKey: 'ABC123', baseUrl: 'http://127.0.0.1:1' },
        brevo: { apiKey: 'xkeysib-1', baseUrl: 'http://localhost:2/v3' },
      },
    });
  });

  it('replaces ${NAME} and file:PATH', () => {
    writeFileSync(join(folder, 'secret'), 'a-secret-from-a-file\n');
    const yaml = `
connectors: { klaviyo: { private_api_key: "\${A_KEY}", lists: { subscribers: "\${A_LIST}" } } }
brevo: { api_key: "file:../secret" }
redis_url: "redis://:\${A_KEY}@127.0.0.1:6379"
producer: { port: "\${A_PORT}" }`;
    const config = load(yaml, {
      env: { A_KEY: 'from-env', A_LIST: '7', A_PORT: '4001', TAJO_API_KEY: `file:${join(folder, 'secret')}` },
    });
    expect(config.account.klaviyo.privateKey).toBe('from-env');
    expect(config.account.brevo.apiKey).toBe('a-secret-from-a-file');
    expect(config.account.lists).toEqual({ subscribers: 7 });
    expect(config.redisUrl).toBe('redis://:from-env@127.0.0.1:6379');
    expect(config.producer.port).toBe(4001);
    expect(config.apiKey).toBe('a-secret-from-a-file');
  });

  it('takes the mappings beside connectors too, as a whole', () => {
    const yaml =
      'connectors:\n  klaviyo: { enabled: true }\nprofile_mapping: { email: email, "a.b": AB }\nevent_mapping: { "Viewed Product": viewed }';
    const { account } = load(yaml);
    expect(account.profileMapping).toEqual({ email: 'email', 'a.b': 'AB' });
    expect(account.eventMapping).toEqual({ 'Viewed Product': 'viewed' });
    expect(load('profile_mapping: { email: email }').account.profileMapping).toEqual({ email: 'email' });
    expect(refusal('profile_mapping: {}\nconnectors: { klaviyo: { profile_mapping: {} } }').message).toContain(
      'keep one of them',
    );
  });

  it('adds rules to the default one', () => {
    const { listRules } = load('connectors: { klaviyo: { list_rules: { vip: { property: tier, equals: gold } } } }').account;
    expect(listRules).toEqual({
      high_value: { property: 'lifetime_value', gte: 500 },
      vip: { property: 'tier', equals: 'gold' },
    });
  });
});

function connector(keys: string): Config['account'] {
  return load(`connectors: { klaviyo: { ${keys} } }`).account;
}

function scopes(keys: string): string[] {
  const all = connector(keys).klaviyo.oauth.scopes.split(' ');
  return all.filter((scope) => scope.endsWith(':write'));
}

describe('both ways', () => {
  it('is one way, owned by Klaviyo and cautious unless something else is said', () => {
    expect(load(undefined).account).toMatchObject({
      direction: 'klaviyo-to-brevo',
      owner: { default: 'klaviyo', byName: {} },
      foreignChanges: 'put_back',
      consent: { reverseSubscribe: false },
      listsDirection: 'klaviyo-to-brevo',
      brevoEventMapping: { opened: 'Brevo Email Opened', hard_bounce: 'Brevo Email Hard Bounced' },
      deletes: { policy: 'blocklist', maxShare: 0.02 },
    });
    expect(load(undefined).account).not.toHaveProperty('reverseMapping');
  });

  it('takes one owner for all, or one by name', () => {
    expect(connector('owner: newest').owner).toEqual({ default: 'newest', byName: {} });
    expect(connector('owner: { city: brevo }').owner).toEqual({ default: 'klaviyo', byName: { city: 'brevo' } });
    expect(connector('owner: { default: newest, email: klaviyo }').owner).toEqual({
      default: 'newest',
      byName: { email: 'klaviyo' },
    });
  });

  it('lets Brevo own everything where only Brevo tells', () => {
    expect(connector('direction: brevo-to-klaviyo').owner.default).toBe('brevo');
    expect(connector('direction: brevo-to-klaviyo, owner: { city: klaviyo }').owner).toEqual({
      default: 'brevo',
      byName: { city: 'klaviyo' },
    });
    expect(connector('direction: brevo-to-klaviyo, owner: klaviyo').owner.default).toBe('klaviyo');
  });

  it('takes the direction of lists beside their roles', () => {
    expect(connector('lists: { direction: both, subscribers: 3 }')).toMatchObject({
      lists: { subscribers: 3 },
      listsDirection: 'both',
    });
    expect(connector('lists: { subscribers: 3 }, lists_direction: both')).toMatchObject({
      lists: { subscribers: 3 },
      listsDirection: 'both',
    });
  });

  it('takes deletes as a word or with their guard, and Brevo attributes in any case', () => {
    expect(connector('deletes: unlink').deletes).toEqual({ policy: 'unlink', maxShare: 0.02 });
    expect(connector('deletes: { max_share: 0.5 }').deletes).toEqual({ policy: 'blocklist', maxShare: 0.5 });
    expect(connector('reverse_mapping: { city: city, Vip: vip }').reverseMapping).toEqual({ CITY: 'city', VIP: 'vip' });
  });

  it('asks merchants to let it write profiles only where it does', () => {
    expect(scopes('direction: klaviyo-to-brevo')).toEqual(['data-privacy:write', 'events:write', 'webhooks:write']);
    expect(scopes('direction: both')).toEqual(expect.arrayContaining(['lists:write', 'profiles:write', 'subscriptions:write']));
    expect(scopes('direction: both, oauth: { scopes: "profiles:read" }')).toEqual([]);
  });

  it('is described as a file that means the same', () => {
    const config = load(
      'connectors: { klaviyo: { direction: both, owner: { default: newest, email: brevo }, lists: { direction: both }, reverse_mapping: { CITY: city }, deletes: delete } }',
    );
    expect({ ...load(configAsYaml(config)), source: '' }).toEqual({ ...config, source: '' });
  });
});

describe('a wrong configuration', () => {
  it.each([
    ['conectors: {}', 'conectors', 'connectors'],
    ['connectors: { klaviyo: { privat_api_key: x } }', 'connectors.klaviyo.privat_api_key', 'connectors.klaviyo.private_api_key'],
    [
      'connectors: { klaviyo: { sync: { profile: true } } }',
      'connectors.klaviyo.sync.profile',
      'connectors.klaviyo.sync.profiles',
    ],
    ['private_api_key: x', 'private_api_key', 'connectors.klaviyo.private_api_key'],
    ['connectors: { klaviyo: { tier: general } }', 'connectors.klaviyo.tier', 'brevo.tier'],
    ['connectors: { klavio: { enabled: true } }', 'connectors.klavio', 'connectors.klaviyo'],
  ])('%s: names the unknown key and the nearest known one', (yaml, field, nearest) => {
    const error = refusal(yaml);
    expect(error.field).toBe(field);
    expect(error.message).toContain(`${field} is not a key of the configuration; the nearest known one is ${nearest}.`);
  });

  it.each([
    ['producer: { port: high }', 'producer.port must be a whole number from 0 to 65535 (found "high")'],
    ['producer: { port: 30x }', 'producer.port must be a whole number'],
    ['producer: 3000', 'producer must be a section'],
    ['host: { a: 1 }', 'host must be text'],
    ['host: [a]', 'host must be text'],
    ['connectors: { klaviyo: { enabled: "yes" } }', 'connectors.klaviyo.enabled must be true or false (found "yes")'],
    ['connectors: { klaviyo: { public_api_key: 123456 } }', 'put the digits in quotes'],
    ['connectors: { klaviyo: { lists: [1] } }', 'connectors.klaviyo.lists must be a mapping of roles to Brevo list ids'],
    ['connectors: { klaviyo: { lists: { subscribers: some } } }', 'connectors.klaviyo.lists.subscribers must be a number'],
    [
      'connectors: { klaviyo: { lists: { subscriber: 3 } } }',
      'needs a rule: add connectors.klaviyo.list_rules.subscriber, or rename it if subscribers',
    ],
    [
      'connectors: { klaviyo: { list_rules: { vip: { property: x, gtee: 3 } } } }',
      'must not have the key gtee; the nearest known one is gte',
    ],
    ['connectors: { klaviyo: { list_rules: { vip: { property: x } } } }', 'at least one of gte'],
    ['profile_mapping: { email: email, a: LTV, b: ltv }', 'connectors.klaviyo.profile_mapping.b must not go to ltv like a'],
    ['profile_mapping: { a: "NO SPACE" }', 'must be an attribute name'],
    ['event_mapping: { "Placed Order": "a b" }', 'must be an event name'],
    ['connectors: { klaviyo: { limits: { quota_share: 2 } } }', 'limits.quota_share must be a number above 0 and at most 1'],
    ['connectors: { klaviyo: { base_url: "http://klaviyo.example.com" } }', 'base_url must be an https:// address'],
    ['brevo: { base_url: "https://user:secret@api.brevo.com" }', 'without user name'],
    ['brevo: { api_key: "${NOT_SET}" }', 'brevo.api_key refers to the environment variable NOT_SET, which is not set'],
    [
      'brevo: { api_key: "file:/does/not/exist" }',
      'brevo.api_key refers to the file /does/not/exist, which cannot be read (ENOENT)',
    ],
    [
      'connectors: { klaviyo: { direction: back } }',
      'connectors.klaviyo.direction must be one of klaviyo-to-brevo, brevo-to-klaviyo, both (found "back")',
    ],
    ['connectors: { klaviyo: { owner: nobody } }', 'owner must be one of klaviyo, brevo, newest, or a mapping'],
    ['connectors: { klaviyo: { owner: { email: nobody } } }', 'owner.email must be one of klaviyo, brevo, newest'],
    [
      'connectors: { klaviyo: { owner: { citty: brevo } } }',
      'owner.citty is not a name on the left of profile_mapping; the nearest known one is city',
    ],
    ['connectors: { klaviyo: { foreign_changes: keep } }', 'foreign_changes must be one of put_back, leave'],
    ['connectors: { klaviyo: { reverse_mapping: { "NO SPACE": x } } }', 'NO SPACE must be an attribute name'],
    [
      'connectors: { klaviyo: { reverse_mapping: { A: x, B: x } } }',
      'reverse_mapping.B must not go to x like A; choose another Klaviyo name',
    ],
    ['connectors: { klaviyo: { reverse_mapping: { a: x, A: y } } }', 'reverse_mapping.A is given twice; keep one of them'],
    ['connectors: { klaviyo: { consent: { reverse_subscribe: maybe } } }', 'reverse_subscribe must be true or false'],
    ['connectors: { klaviyo: { lists_direction: back } }', 'lists_direction must be one of klaviyo-to-brevo, both'],
    ['connectors: { klaviyo: { lists: { direction: back } } }', 'lists.direction must be one of klaviyo-to-brevo, both'],
    [
      'connectors: { klaviyo: { lists: { direction: klaviyo-to-brevo }, lists_direction: both } }',
      'lists.direction is "klaviyo-to-brevo", and connectors.klaviyo.lists_direction is "both"; keep one of them',
    ],
    [
      'connectors: { klaviyo: { brevo_event_mapping: { open: Opened } } }',
      'brevo_event_mapping.open is no event of Brevo that can be carried; the nearest known one is opened',
    ],
    ['connectors: { klaviyo: { brevo_event_mapping: { opened: 3 } } }', 'opened must be the name of a Klaviyo metric'],
    ['connectors: { klaviyo: { deletes: erase } }', 'deletes must be one of unlink, blocklist, delete'],
    ['connectors: { klaviyo: { deletes: { policy: erase } } }', 'deletes.policy must be one of unlink, blocklist, delete'],
    ['connectors: { klaviyo: { deletes: { max_share: 2 } } }', 'deletes.max_share must be at most 1'],
    ['connectors: { klaviyo: { deletes: { share: 0.2 } } }', 'delete, or a mapping with policy and max_share'],
    ['a: 1\na: 2', 'is not valid YAML: Map keys must be unique at line 2'],
    ['just text', 'must be a mapping of keys to values'],
  ])('%s: says what is wrong and what would be right', (yaml, message) => {
    expect(refusal(yaml).message).toContain(message);
  });

  it('names the variable of a bad value and tells all problems at once', () => {
    const error = refusal('hots: x\nlog_level: loud', { env: { BOARD_PORT: '70000', KLAVIYO_BASE_URL: 'ftp://x' } });
    expect(error.message).toContain('has 4 problems');
    for (const field of ['hots is not', 'log_level must be one of', 'BOARD_PORT must be', 'KLAVIYO_BASE_URL must be']) {
      expect(error.message).toContain(`- ${field}`);
    }
  });

  it('never repeats a secret', () => {
    const planted = 'pl4nted';
    const texts = [
      refusal(undefined, {
        env: { TAJO_API_KEY: planted, REDIS_URL: planted, BOARD_ADMIN_PASSWORD: `${planted} x`, BREVO_API_KEY: `${planted} ` },
      }).message,
      refusal(`brevo:\n  api_key: ${planted}\n  api_key: ${planted}`).message,
      refusal(`brevo:\n  api_key: "${planted}\n tier: x`).message,
      refusal(`brevo: { api_key: [${planted}] }`).message,
    ];
    expect(texts.join('\n')).not.toContain(planted);
  });

  it('allows plain http to other hosts only by its switch', () => {
    const env = { BREVO_BASE_URL: 'http://sandbox:4000/v3' };
    expect(refusal(undefined, { env }).field).toBe('BREVO_BASE_URL');
    expect(load(undefined, { env: { ...env, TAJO_ALLOW_PLAIN_HTTP: 'true' } }).account.brevo.baseUrl).toBe(
      'http://sandbox:4000/v3',
    );
  });

  it('refuses flags that no child process would see', () => {
    expect(refusal(undefined, { flags: { 'producer.prot': 1 } }).message).toContain('nearest is producer.port');
  });

  it('does not let a file reach prototypes', () => {
    expect(() => load('__proto__: { polluted: true }\nconstructor: { prototype: { polluted: true } }')).toThrow(BadInput);
    expect({}).not.toHaveProperty('polluted');
  });
});

describe('describeConfig', () => {
  const env = { TAJO_API_KEY: 'k'.repeat(16), REDIS_URL: 'redis://:pl4nted@127.0.0.1:6379', BREVO_API_KEY: 'xkeysib-pl4nted' };

  it('shows what is in effect, secrets hidden, in the shape of the file', () => {
    const described = describeConfig(load(PAGE, { env }));
    expect(described).toMatchObject({
      api_key: '[hidden]',
      redis_url: '[hidden]',
      brevo: { api_key: '[hidden]', tier: 'general' },
    });
    expect(JSON.stringify(described)).not.toMatch(/pl4nted|kkkk|your-klaviyo/);
  });

  it('is itself a valid file', () => {
    const yaml = configAsYaml(load('connectors: { klaviyo: { limits: { brevo: { contacts: { per_second: 5 } } } } }'));
    expect(yaml).toContain('per_second: 5');
    expect(configAsYaml(load(yaml))).toBe(yaml);
  });
});

describe('envFor', () => {
  it('hands a child process the same configuration, flags included', () => {
    const parent = load(PAGE, {
      env: { TAJO_API_KEY: 'k'.repeat(16), HOST: '::1' },
      flags: { 'worker.concurrency': 3, redis_url: 'redis://127.0.0.1:9', [`connectors.klaviyo.limits.enabled`]: false },
    });
    expect(loadConfig({ env: envFor(parent), cwd: folder })).toEqual(parent);
  });
});

describe('docs/configuration.md', () => {
  it('is what the schema says', () => {
    const path = join(process.cwd(), 'docs/configuration.md');
    if (process.env['UPDATE_DOCS']) {
      mkdirSync(join(process.cwd(), 'docs'), { recursive: true });
      writeFileSync(path, configurationPage());
    }
    expect(readFileSync(path, 'utf8')).toBe(configurationPage());
  });
});
