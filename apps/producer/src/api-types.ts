import type { Json, JsonObject } from './openapi.js';

/**
 * TypeScript of an OpenAPI document: an interface for each component, and `Operations` with what each operation takes and answers.
 * Knows the part of JSON Schema that our schemas produce and throws on anything else, so that nothing becomes `unknown` unseen.
 */
export function apiTypesOf(document: JsonObject): string {
  const schemas = object(object(document['components'])['schemas']);
  const components = Object.entries(schemas).map(
    ([name, schema]) => `${comment(object(schema), '')}${declarationOf(name, object(schema))}\n`,
  );
  const operations = Object.values(object(document['paths']))
    .flatMap((path) => Object.values(object(path)))
    .map((operation) => operationOf(object(operation)));
  return `// Generated from the producer's OpenAPI document. To write it anew: UPDATE_DOCS=1 npx pnpm jest apps/producer

${components.join('\n')}
export interface Operations {
${operations.join('\n')}
}
`;
}

function declarationOf(name: string, schema: JsonObject): string {
  const type = typeOf(schema, '');
  return type.startsWith('{') ? `export interface ${name} ${type}` : `export type ${name} = ${type};`;
}

function operationOf(operation: JsonObject): string {
  const parameters = array(operation['parameters'] ?? []).map(object);
  const body = object(object(object(operation['requestBody'] ?? {})['content'] ?? {})['application/json'] ?? {})['schema'];
  const lines = [
    ...(['path', 'query', 'header'] as const).flatMap((where) => {
      const those = parameters.filter((parameter) => parameter['in'] === where);
      return those.length > 0 ? [`    ${where}: {\n${those.map((parameter) => parameterOf(parameter)).join('\n')}\n    };`] : [];
    }),
    ...(body === undefined ? [] : [`    body: ${typeOf(body, '    ')};`]),
    `    answer: ${answerOf(object(operation['responses']))};`,
  ];
  return `  /** ${text(operation['summary'])}. */\n  ${text(operation['operationId'])}: {\n${lines.join('\n')}\n  };`;
}

function parameterOf(parameter: JsonObject): string {
  const optional = parameter['required'] === true ? '' : '?';
  return `${comment(parameter, '      ')}      ${nameOf(text(parameter['name']))}${optional}: ${typeOf(parameter['schema'], '      ')};`;
}

/** The JSON of every 2xx answer; `undefined` where there is none. */
function answerOf(responses: JsonObject): string {
  const types = Object.entries(responses)
    .filter(([status]) => status.startsWith('2'))
    .map(([, response]) => object(object(object(response)['content'] ?? {})['application/json'] ?? {})['schema'])
    .map((schema) => (schema === undefined ? 'undefined' : typeOf(schema, '    ')));
  return [...new Set(types)].join(' | ');
}

function typeOf(json: Json | undefined, indent: string): string {
  const schema = object(json);
  const { $ref, type, const: constant, enum: values, anyOf, properties, additionalProperties, items } = schema;
  if ($ref !== undefined) return text($ref).replace('#/components/schemas/', '');
  if (constant !== undefined) return literal(constant);
  if (values !== undefined) return array(values).map(literal).join(' | ');
  if (Array.isArray(type)) return type.map((one) => typeOf({ ...schema, type: one }, indent)).join(' | ');
  if (anyOf !== undefined)
    return array(anyOf)
      .map((part) => typeOf(part, indent))
      .join(' | ');
  if (type === 'string' || type === 'boolean' || type === 'null') return type;
  if (type === 'integer' || type === 'number') return 'number';
  if (type === 'array') return `${parenthesised(typeOf(items, indent))}[]`;
  if (type === 'object' && properties !== undefined) return objectType(schema, indent);
  if (type === 'object' && additionalProperties !== undefined)
    return `{ [name: string]: ${typeOf(additionalProperties, indent)} }`;
  if (Object.keys(schema).length === 0) return 'unknown';
  throw new TypeError(`No TypeScript is known for the schema ${JSON.stringify(schema)}`);
}

function objectType({ properties, required, additionalProperties }: JsonObject, indent: string): string {
  const needed = new Set(array(required ?? []).map(text));
  const inner = `${indent}  `;
  const members = Object.entries(object(properties)).map(
    ([name, schema]) =>
      `${comment(object(schema), inner)}${inner}${nameOf(name)}${needed.has(name) ? '' : '?'}: ${typeOf(schema, inner)};`,
  );
  const further = typeof additionalProperties === 'object' ? [`${inner}[name: string]: unknown;`] : [];
  return `{\n${[...members, ...further].join('\n')}\n${indent}}`;
}

function comment(schema: JsonObject, indent: string): string {
  const { description, default: fallback } = schema;
  const words = [
    ...(description === undefined ? [] : [text(description)]),
    ...(fallback === undefined ? [] : [`Default ${literal(fallback)}.`]),
  ];
  return words.length > 0 ? `${indent}/** ${words.join(' ').replaceAll('*/', '* /')} */\n` : '';
}

function nameOf(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : literal(name);
}

function literal(value: Json): string {
  return typeof value === 'string' ? `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'` : JSON.stringify(value);
}

function parenthesised(type: string): string {
  return type.includes(' | ') ? `(${type})` : type;
}

function object(json: Json | undefined): JsonObject {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json;
  throw new TypeError(`Not an object: ${JSON.stringify(json)}`);
}

function array(json: Json): Json[] {
  if (Array.isArray(json)) return json;
  throw new TypeError(`Not a list: ${JSON.stringify(json)}`);
}

function text(json: Json | undefined): string {
  if (typeof json === 'string') return json;
  throw new TypeError(`Not text: ${JSON.stringify(json)}`);
}
