import { describe, expect, it } from '@jest/globals';
import type { RecordedRequest } from '@tajo/sandbox';
import { createOpenApiCheck } from './openapi.js';

const document = {
  openapi: '3.0.2',
  paths: {
    '/things': {
      get: {
        parameters: [
          { name: 'page[size]', in: 'query', schema: { type: 'integer', maximum: 100 } },
          {
            name: 'fields[thing]',
            in: 'query',
            explode: false,
            schema: { type: 'array', items: { type: 'string', enum: ['a', 'b'] } },
          },
          { $ref: '#/components/parameters/Company' },
          { name: 'revision', in: 'header', required: true, schema: { type: 'string' } },
        ],
      },
      post: {
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } },
        },
      },
    },
    '/things/{id}': { delete: {} },
    '/things/all': { get: {} },
  },
  components: {
    parameters: { Company: { name: 'company_id', in: 'query', required: true, schema: { type: 'string' } } },
    schemas: {
      Thing: {
        type: 'object',
        required: ['name'],
        properties: {
          name: { type: 'string' },
          email: { type: 'string', format: 'email', nullable: true },
          color: { nullable: true, allOf: [{ $ref: '#/components/schemas/Color' }] },
          free: { type: 'object' },
          by: {
            oneOf: [
              { type: 'object', properties: { id: { type: 'integer' } } },
              { type: 'object', properties: { key: { type: 'string' } } },
            ],
          },
          whole: {
            allOf: [
              { type: 'object', properties: { a: { type: 'string' } } },
              { type: 'object', properties: { b: { type: 'string' } } },
            ],
          },
          list: {
            type: 'array',
            items: { type: 'object', properties: { n: { type: 'number', minimum: 0, exclusiveMinimum: true } } },
          },
        },
      },
      Color: { type: 'string', enum: ['red', 'blue'] },
    },
  },
};

const check = createOpenApiCheck(document);

function linesOf(request: Partial<RecordedRequest>): string[] {
  const whole = { method: 'GET', path: '/things', query: '', headers: {}, body: '', ...request };
  return check(whole).map(({ operation, where, why }) => `${operation}: ${where} ${why}`);
}

const posted = (body: unknown, type = 'application/json') =>
  linesOf({ method: 'POST', headers: { 'content-type': type }, body: JSON.stringify(body) });

describe('a request', () => {
  const revision = { revision: '2026-01-15' };

  it('that the document allows is let pass', () => {
    const query = new URLSearchParams({ 'page[size]': '100', 'fields[thing]': 'a,b', company_id: 'X' }).toString();
    expect(linesOf({ query, headers: revision })).toEqual([]);
    expect(linesOf({ method: 'DELETE', path: '/things/7' })).toEqual([]);
    expect(linesOf({ path: '/things/all' })).toEqual([]);
    const thing = {
      name: 'x',
      email: null,
      color: null,
      free: { any: 1 },
      by: { key: 'k' },
      whole: { a: '1', b: '2' },
      list: [{ n: 1 }],
    };
    expect(posted(thing)).toEqual([]);
  });

  it.each([
    [{ path: '/thingz/jane@example.com' }, ['GET /thingz/…: the path there is no such path']],
    [{ method: 'PUT' }, ['PUT /things: the path the path has no such method']],
    [{ headers: revision }, ['GET /things: query company_id is required']],
    [{ query: 'company_id=X' }, ['GET /things: header revision is required']],
    [{ query: 'company_id=X&sort=a', headers: revision }, ['GET /things: query sort is not a parameter of it']],
    [{ query: 'company_id=X&page%5Bsize%5D=101', headers: revision }, ['GET /things: query page[size] must be <= 100']],
    [{ query: 'company_id=X&page%5Bsize%5D=ten', headers: revision }, ['GET /things: query page[size] must be integer']],
    [
      { query: 'company_id=X&fields%5Bthing%5D=a%2Cjane', headers: revision },
      ['GET /things: query fields[thing]/* must be equal to one of the allowed values: ["a","b"]'],
    ],
    [{ method: 'DELETE', path: '/things/7', body: '{}' }, ['DELETE /things/{id}: the body is not expected']],
    [{ method: 'POST' }, ['POST /things: the body is required']],
    [{ method: 'POST', body: '{}' }, ['POST /things: the body is of the type none, not of application/json']],
  ])('%j is not', (request, lines) => {
    expect(linesOf(request)).toEqual(lines);
  });

  it.each([
    [{}, "must have required property 'name'"],
    [{ name: 'x', nmae: 'jane' }, 'must NOT have additional properties: nmae'],
    [{ name: 'x', email: 'jane' }, '/email must match format "email"'],
    [{ name: 'x', color: 'jane' }, '/color must be equal to one of the allowed values: ["red","blue"]'],
    [{ name: 'x', by: { idd: 1 } }, '/by must NOT have additional properties: idd'],
    [{ name: 'x', list: [{ n: 1 }, { n: 0 }] }, '/list/*/n must be > 0'],
    [{ name: 'x', list: [{ m: 0 }] }, '/list/* must NOT have additional properties: m'],
  ])('with the body %j is not, and no value of it is said', (body, why) => {
    const lines = posted(body);
    expect(lines[0]).toBe(`POST /things: body ${why}`);
    expect(lines.join()).not.toContain('jane');
  });
});
