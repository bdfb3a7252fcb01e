import { z } from 'zod';
import type { AnswerSpec, Route } from './route.js';
import { answerSchemas, ProblemDocument, requestSchemas } from './schemas.js';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** The OpenAPI 3.1 document of the routes, from the very schemas that validate. */
export function openApiOf(routes: readonly Route[]): JsonObject {
  const paths: JsonObject = {};
  for (const route of routes) {
    // Filled by the line before only.
    const path = (paths[route.path] ??= {}) as JsonObject;
    path[route.method] = operationOf(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tajo',
      version: '1',
      description: 'Moves marketing data between Klaviyo and Brevo. Errors are RFC 9457 problem documents with a stable `code`.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: { ...schemasOf(requestSchemas, 'input'), ...schemasOf(answerSchemas, 'output') },
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'The API key, TAJO_API_KEY.' },
      },
    },
  };
}

function operationOf(route: Route): JsonObject {
  const { id, summary, description, access, body } = route;
  return {
    operationId: id,
    summary,
    ...(description !== undefined && { description }),
    tags: [tagOf(route.path)],
    security: access === 'key' ? [{ key: [] }] : [],
    ...parametersOf(route),
    ...(body && {
      requestBody: { required: needsBody(body), content: { 'application/json': { schema: refTo(body, requestSchemas) } } },
    }),
    responses: responsesOf(route),
  };
}

function tagOf(path: string): string {
  return /^\/v1\/([a-z]+)/.exec(path)?.[1] ?? 'operation';
}

function parametersOf({ params, query, headers }: Route): { parameters?: Json[] } {
  const parameters = [...parametersIn('path', params), ...parametersIn('query', query), ...parametersIn('header', headers)];
  return parameters.length > 0 ? { parameters } : {};
}

function parametersIn(where: 'path' | 'query' | 'header', schema: z.ZodObject | undefined): JsonObject[] {
  if (!schema) return [];
  const { properties, required } = jsonSchemaOf(schema, 'input');
  return Object.entries(asObject(properties)).map(([name, property]) => {
    const { description, ...rest } = asObject(property);
    return {
      name: where === 'header' ? headerName(name) : name,
      in: where,
      required: where === 'path' || (Array.isArray(required) && required.includes(name)),
      ...(description !== undefined && { description }),
      schema: rest,
    };
  });
}

function headerName(name: string): string {
  return name.replaceAll(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase());
}

function responsesOf({ answers, problems, access }: Route): JsonObject {
  const general = access === 'key' ? [401, 429, 503] : access === 'token' ? [429, 503] : [];
  const responses: JsonObject = {};
  for (const status of new Set([...problems, ...general])) {
    responses[status] = {
      description: 'A problem document.',
      content: { 'application/problem+json': { schema: refTo(ProblemDocument, answerSchemas) } },
    };
  }
  for (const [status, answer] of Object.entries(answers)) responses[status] = responseOf(answer);
  return responses;
}

function responseOf({ description, schema, otherTypes }: AnswerSpec): JsonObject {
  const content: JsonObject = {
    ...(schema && { 'application/json': { schema: refTo(schema, answerSchemas) } }),
    ...Object.fromEntries(
      Object.entries(otherTypes ?? {}).map(([type, other]) => [type, { schema: jsonSchemaOf(other, 'output') }]),
    ),
  };
  return { description, ...(Object.keys(content).length > 0 && { content }) };
}

type Registry = typeof requestSchemas;

function refTo(schema: z.ZodType, registry: Registry): JsonObject {
  const id = registry.get(schema)?.id;
  return id === undefined ? jsonSchemaOf(schema, 'output') : { $ref: uriOf(id) };
}

function uriOf(id: string): string {
  return `#/components/schemas/${id}`;
}

function schemasOf(registry: Registry, io: 'input' | 'output'): JsonObject {
  const { schemas } = z.toJSONSchema(registry, { io, uri: uriOf });
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, tidy(asJson(schema), io)]));
}

function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
  return asObject(tidy(asJson(z.toJSONSchema(schema, { io })), io));
}

/** Whether `{}` does not fit. */
function needsBody(body: z.ZodType): boolean {
  return !body.safeParse({}).success;
}

/**
 * Leaves out what is noise to a reader: the dialect (3.1's own), the range of safe integers, the expression behind `date-time`; and
 * `additionalProperties: false` of answers, since a new member of an answer is no breaking change.
 */
function tidy(schema: Json, io: 'input' | 'output'): Json {
  if (Array.isArray(schema)) return schema.map((item) => tidy(item, io));
  if (typeof schema !== 'object' || schema === null) return schema;
  const kept = Object.entries(schema).filter(([name, value]) => {
    if (name === '$schema' || name === '$id') return false;
    if (name === 'pattern') return schema['format'] !== 'date-time';
    if (name === 'propertyNames') return false;
    if (name === 'minimum' || name === 'maximum') return Math.abs(Number(value)) !== Number.MAX_SAFE_INTEGER;
    return !(name === 'additionalProperties' && io === 'output' && value === false);
  });
  return Object.fromEntries(kept.map(([name, value]) => [name, tidy(value, io)]));
}

function asJson(schema: unknown): Json {
  // JSON.parse gives nothing else.
  return JSON.parse(JSON.stringify(schema)) as Json;
}

function asObject(json: Json | undefined): JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : {};
}
