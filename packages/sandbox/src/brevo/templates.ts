import { isObject, json, parseBody, type Reply, type SandboxRequest } from '../http/exchange.js';
import { invalid, missing, notFound } from './errors.js';
import { pageOf, pagingOf } from './paging.js';
import type { Senders } from './senders.js';

type Template = ReturnType<typeof templateOf>;

/** Templates of /smtp/templates; names are not unique, so a repeated create makes a second one. */
export class Templates {
  readonly #senders: Senders;
  readonly #templates: Template[] = [];

  constructor(senders: Senders) {
    this.#senders = senders;
  }

  all(): readonly Template[] {
    return this.#templates;
  }

  has(id: unknown): boolean {
    return this.#templates.some((template) => template.id === id);
  }

  create(request: SandboxRequest): Reply {
    const body = parseBody(request);
    const { templateName, subject, htmlContent, htmlUrl, isActive, replyTo, toField, tag, sender } = isObject(body) ? body : {};
    if (typeof templateName !== 'string' || templateName === '') return missing('templateName is missing');
    if (typeof subject !== 'string' || subject === '') return missing('subject is missing');
    if (sender === undefined) return missing('sender is missing');
    const from = this.#senders.named(sender);
    if (!from) return invalid('Sender is invalid or inactive');
    if (htmlContent === undefined && htmlUrl === undefined) return missing('htmlContent is missing');
    if (htmlUrl !== undefined) return invalid('The sandbox fetches nothing: use htmlContent');
    if (typeof htmlContent !== 'string' || htmlContent.length <= 10)
      return invalid('htmlContent must have more than 10 characters');
    const template = templateOf({
      id: this.#templates.length + 1,
      name: templateName,
      subject,
      isActive: isActive === true,
      sender: { id: String(from.id), name: from.name, email: from.email },
      replyTo: textOr(replyTo, from.email),
      toField: textOr(toField, ''),
      tag: textOr(tag, ''),
      htmlContent,
    });
    this.#templates.push(template);
    return json(201, { id: template.id });
  }

  update(request: SandboxRequest): Reply {
    const at = this.#templates.findIndex(({ id }) => String(id) === request.params['id']);
    const before = this.#templates[at];
    if (!before) return notFound('Template ID does not exist');
    const body = parseBody(request);
    const { templateName, subject, htmlContent, isActive, replyTo, toField, tag, sender } = isObject(body) ? body : {};
    const from = sender === undefined ? undefined : this.#senders.named(sender);
    if (sender !== undefined && !from) return invalid('Sender is invalid or inactive');
    if (htmlContent !== undefined && (typeof htmlContent !== 'string' || htmlContent.length <= 10))
      return invalid('htmlContent must have more than 10 characters');
    this.#templates[at] = {
      ...before,
      name: textOr(templateName, before.name),
      subject: textOr(subject, before.subject),
      htmlContent: textOr(htmlContent, before.htmlContent),
      replyTo: textOr(replyTo, before.replyTo),
      toField: textOr(toField, before.toField),
      tag: textOr(tag, before.tag),
      isActive: typeof isActive === 'boolean' ? isActive : before.isActive,
      ...(from && { sender: { id: String(from.id), name: from.name, email: from.email } }),
      modifiedAt: new Date().toISOString(),
    };
    return { status: 204 };
  }

  index(request: SandboxRequest): Reply {
    const paging = pagingOf(request, { limit: 50, most: 1_000 });
    if ('status' in paging) return paging;
    const status = request.query.get('templateStatus');
    const found = this.#templates.filter(({ isActive }) => status === null || String(isActive) === status);
    return json(200, { templates: pageOf(found, paging), count: found.length });
  }

  read(request: SandboxRequest): Reply {
    const template = this.#templates.find(({ id }) => String(id) === request.params['id']);
    return template ? json(200, template) : notFound('Template ID does not exist');
  }
}

interface TemplateFields {
  readonly id: number;
  readonly name: string;
  readonly subject: string;
  readonly isActive: boolean;
  readonly sender: { readonly id: string; readonly name: string; readonly email: string };
  readonly replyTo: string;
  readonly toField: string;
  readonly tag: string;
  readonly htmlContent: string;
}

function templateOf(fields: TemplateFields) {
  const createdAt = new Date().toISOString();
  return { ...fields, testSent: false, createdAt, modifiedAt: createdAt };
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}
