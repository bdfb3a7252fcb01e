import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { RecordedRequest } from '@tajo/sandbox';
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';

/** What of a request a vendor's OpenAPI document does not allow. Names places and rules, never a value: bodies hold personal data. */
export interface Deviation {
  /** Method and path as the document writes it, e.g. `GET /api/profiles/{id}`. */
  readonly operation: string;
  readonly where: string;
  readonly why: string;
}

export type OpenApiCheck = (request: RecordedRequest) => Deviation[];

/**
 * A vendor's document: the file that the variable names, else `.cache/openapi/<file>` of the repository; `undefined` where neither is.
 * The documents are not ours to pass on: Klaviyo's is openapi/stable.json of github.com/klaviyo/openapi, Brevo's
 * https://api.brevo.com/v3/swagger_definition_v3.yml.
 */
export function openApiDocument(variable: string, file: string): unknown {
  const named = process.env[variable];
  const path = named || fileURLToPath(new URL(`../../.cache/openapi/${file}`, import.meta.url));
  if (!named && !existsSync(path)) return undefined;
  const text = readFileSync(path, 'utf8');
  if (path.endsWith('.json')) return JSON.parse(text);
  // Brevo's file closes some texts at the beginning of a line, which is less than YAML asks for.
  return parse(text.replaceAll(/^(?='\s*$)/gm, ' '.repeat(80)));
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** Checks requests against a document of OpenAPI 3.0: path, method, required and known parameters, their values, and the body. */
export function createOpenApiCheck(document: unknown): OpenApiCheck {
  const ajv = new Ajv({ strict: false, allErrors: true, logger: false, validateSchema: false });
  // The package is CommonJS: its default export is the module itself to some loaders.
  const add = 'default' in addFormats ? addFormats.default : addFormats;
  add(ajv);
  // Its own refuses hosts without a dot, and a test runs on one.
  ajv.addFormat('url', (text) => URL.canParse(text));
  const schemas = Object.entries(objectAt(document, 'components', 'schemas')).map(([name, schema]) => [
    name,
    toJsonSchema(schema),
  ]);
  ajv.addSchema({ $id: 'spec', components: { schemas: Object.fromEntries(schemas) } });
  const operations = operationsOf(document, ajv);

  return (request) => {
    const fitting = operations.filter(({ pattern }) => pattern.test(request.path));
    const operation = fitting.find(({ method }) => method === request.method);
    if (!operation) {
      const why = fitting.length > 0 ? 'the path has no such method' : 'there is no such path';
      return [{ operation: `${request.method} ${withoutIds(request.path)}`, where: 'the path', why }];
    }
    const { name } = operation;
    return [
      ...queryDeviations(operation, request),
      ...headerDeviations(operation, request),
      ...bodyDeviations(operation, request),
    ].map((deviation) => ({ operation: name, ...deviation }));
  };
}

interface Operation {
  readonly name: string;
  readonly method: string;
  readonly pattern: RegExp;
  readonly parameters: readonly Parameter[];
  readonly body: { readonly required: boolean; readonly types: Readonly<Record<string, ValidateFunction>> } | undefined;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly explode: boolean;
  readonly schema: JsonObject;
  readonly validate: ValidateFunction;
}

type JsonObject = Readonly<Record<string, unknown>>;
type Found = Omit<Deviation, 'operation'>;

function operationsOf(document: unknown, ajv: Ajv): Operation[] {
  const all = Object.entries(objectAt(document, 'paths')).flatMap(([path, item]) =>
    METHODS.flatMap((method): Operation[] => {
      if (!isObject(item) || !isObject(item[method])) return [];
      const operation = item[method];
      const parameters = [...listAt(item, 'parameters'), ...listAt(operation, 'parameters')].map((one) =>
        parameterOf(resolved(document, one), ajv),
      );
      return [
        {
          name: `${method.toUpperCase()} ${path}`,
          method: method.toUpperCase(),
          pattern: new RegExp(`^${path.replaceAll(/[.$]/g, '\\$&').replaceAll(/\{[^}]+\}/g, '[^/]+')}$`),
          parameters,
          body: bodyOf(resolved(document, operation['requestBody']), ajv),
        },
      ];
    }),
  );
  // A fixed part goes before a parameter: `/contacts/lists` is no contact.
  const parametersIn = ({ name }: Operation) => name.split('{').length;
  return all.sort((a, b) => parametersIn(a) - parametersIn(b));
}

function parameterOf(given: JsonObject, ajv: Ajv): Parameter {
  const schema = toJsonSchema(given['schema'] ?? {});
  return {
    name: String(given['name']),
    in: String(given['in']),
    required: given['required'] === true,
    explode: given['explode'] !== false,
    schema,
    validate: ajv.compile(schema),
  };
}

function bodyOf(given: JsonObject, ajv: Ajv): Operation['body'] {
  const contents = Object.entries(objectAt(given, 'content'));
  if (contents.length === 0) return undefined;
  const types = contents.map(([type, content]) => [type, ajv.compile(toJsonSchema(objectAt(content, 'schema')))]);
  return { required: given['required'] === true, types: Object.fromEntries(types) };
}

function queryDeviations({ parameters }: Operation, request: RecordedRequest): Found[] {
  const query = new URLSearchParams(request.query);
  const known = parameters.filter((one) => one.in === 'query');
  const found: Found[] = [];
  for (const name of new Set(query.keys())) {
    const parameter = known.find((one) => one.name === name || one.name === `${name}[]`);
    if (!parameter) found.push({ where: `query ${name}`, why: 'is not a parameter of it' });
    else if (!parameter.validate(valueOf(query.getAll(name), parameter)))
      found.push(...errorsOf(parameter.validate, `query ${name}`));
  }
  const missing = known.filter((one) => one.required && !query.has(one.name));
  return [...found, ...missing.map(({ name }) => ({ where: `query ${name}`, why: 'is required' }))];
}

/** The text of a parameter as the value its schema is about. */
function valueOf(texts: readonly string[], { schema, explode }: Parameter): unknown {
  const type = typeof schema['type'] === 'string' ? schema['type'] : undefined;
  if (type === 'array') {
    const parts = explode ? texts : texts.flatMap((text) => text.split(','));
    return parts.map((text) => scalarOf(text, objectAt(schema, 'items')['type']));
  }
  return scalarOf(texts.length === 1 ? (texts[0] ?? '') : texts.join(','), type);
}

function scalarOf(text: string, type: unknown): unknown {
  if ((type === 'integer' || type === 'number') && /\d/.test(text) && !Number.isNaN(Number(text))) return Number(text);
  return type === 'boolean' && (text === 'true' || text === 'false') ? text === 'true' : text;
}

/** Only what says which interface is meant; keys never get this far. */
function headerDeviations({ parameters }: Operation, { headers }: RecordedRequest): Found[] {
  const needsRevision = parameters.some((one) => one.in === 'header' && one.name === 'revision' && one.required);
  return needsRevision && headers.revision === undefined ? [{ where: 'header revision', why: 'is required' }] : [];
}

function bodyDeviations({ body }: Operation, request: RecordedRequest): Found[] {
  if (request.body === '') return body?.required ? [{ where: 'the body', why: 'is required' }] : [];
  if (!body) return [{ where: 'the body', why: 'is not expected' }];
  const type = request.headers['content-type']?.split(';')[0]?.trim() ?? 'none';
  const validate = body.types[type];
  if (!validate) return [{ where: 'the body', why: `is of the type ${type}, not of ${Object.keys(body.types).join(', ')}` }];
  let value: unknown;
  try {
    value = JSON.parse(request.body);
  } catch {
    return [{ where: 'the body', why: 'is no JSON' }];
  }
  return validate(value) ? [] : errorsOf(validate, 'body ');
}

/** Of a choice with many branches every one says why it does not fit; the first few are enough to look. */
const MOST_ERRORS = 8;

function errorsOf(validate: ValidateFunction, where: string): Found[] {
  const found = (validate.errors ?? []).map(({ instancePath, message, params, keyword }) => {
    // A key may be a customer's, and the place in a list says nothing.
    const place = instancePath.replaceAll(/\/\d+(?=\/|$)/g, '/*');
    const name = keyword === 'additionalProperties' ? `: ${String(params['additionalProperty'])}` : '';
    const allowed = keyword === 'enum' ? `: ${JSON.stringify(params['allowedValues']).slice(0, 80)}` : '';
    return { where: `${where}${place}`.trim(), why: `${message ?? keyword}${name}${allowed}` };
  });
  return [...new Map(found.map((one) => [JSON.stringify(one), one])).values()].slice(0, MOST_ERRORS);
}

/**
 * A schema of OpenAPI 3.0 as JSON Schema. Where it names the members of an object and says nothing of others, others are none: a name
 * with a mistake in it would be ignored by the vendor without a word. Not so inside a combination, whose parts complete each other.
 */
function toJsonSchema(given: unknown, isPart = false): JsonObject {
  if (!isObject(given)) return {};
  const { $ref, nullable, exclusiveMinimum, exclusiveMaximum, discriminator: _, example: __, ...rest } = given;
  if (typeof $ref === 'string') {
    const schema = { $ref: $ref.replace(/^#/, 'spec#') };
    return nullable === true ? { anyOf: [schema, { type: 'null' }] } : schema;
  }
  const schema: Record<string, unknown> = { ...rest };
  // The branches of a choice stand for themselves, unless something beside the choice completes them.
  const completed = isPart || 'properties' in rest || 'allOf' in rest;
  for (const name of ['allOf', 'anyOf', 'oneOf']) {
    if (Array.isArray(rest[name])) schema[name] = rest[name].map((part) => toJsonSchema(part, completed || name === 'allOf'));
  }
  if (isObject(rest['items'])) schema['items'] = toJsonSchema(rest['items']);
  if (isObject(rest['additionalProperties'])) schema['additionalProperties'] = toJsonSchema(rest['additionalProperties']);
  if (isObject(rest['properties'])) {
    const members = Object.entries(rest['properties']).map(([name, member]) => [name, toJsonSchema(member)]);
    schema['properties'] = Object.fromEntries(members);
    const isWhole = !isPart && !('allOf' in rest || 'anyOf' in rest || 'oneOf' in rest);
    if (isWhole && rest['additionalProperties'] === undefined && members.length > 0) schema['additionalProperties'] = false;
  }
  // 3.0 has them beside the bound, JSON Schema instead of it.
  if (exclusiveMinimum === true) schema['exclusiveMinimum'] = rest['minimum'];
  if (exclusiveMaximum === true) schema['exclusiveMaximum'] = rest['maximum'];
  return nullable === true ? { anyOf: [schema, { type: 'null' }] } : schema;
}

function resolved(document: unknown, given: unknown): JsonObject {
  if (!isObject(given)) return {};
  const ref = given['$ref'];
  return typeof ref === 'string'
    ? resolved(
        document,
        ref
          .split('/')
          .slice(1)
          .reduce<unknown>((at, step) => objectAt(at, step), document),
      )
    : given;
}

function objectAt(value: unknown, ...path: readonly string[]): JsonObject {
  const found = path.reduce<unknown>((at, step) => (isObject(at) ? at[step] : undefined), value);
  return isObject(found) ? found : {};
}

function listAt(value: unknown, name: string): readonly unknown[] {
  const found = isObject(value) ? value[name] : undefined;
  return Array.isArray(found) ? found : [];
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Words stay, whatever may be an id, an address or a number goes. */
function withoutIds(path: string): string {
  return path.replaceAll(/\/(?![a-z-]+(?:\/|$))[^/]+/g, '/…');
}
