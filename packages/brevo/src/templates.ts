import type { CallOptions } from '@tajo/http';
import { z } from 'zod';
import type { Api } from './api.js';
import { absentAsUndefined } from './from-response.js';

/** Templates of the account, of the 300 requests an hour that `/smtp` has beside the sending. */
export interface TemplateMethods {
  /** The newest templates, active or not, 1 to 1,000, each with its whole HTML. */
  newestTemplates(options: CallOptions & { limit: number; offset?: number | undefined }): Promise<EmailTemplate[]>;
  template(id: number, options?: CallOptions): Promise<EmailTemplate | undefined>;
  /** Inactive. Names and tags are not unique, a repeat makes a second one: an error may have the code `brevo_outcome_unknown`. */
  createTemplate(template: TemplateContent & { readonly tag: string }, options?: CallOptions): Promise<{ id: number }>;
  /** Leaves it as active or inactive as it is. */
  updateTemplate(id: number, template: TemplateContent, options?: CallOptions): Promise<void>;
}

export interface TemplateContent {
  readonly name: string;
  readonly subject: string;
  readonly sender: { readonly id: number };
  /** More than 10 characters. */
  readonly htmlContent: string;
}

const templateBody = z.looseObject({
  id: z.number(),
  name: z.string(),
  tag: z.string().nullish(),
  isActive: z.boolean(),
});
export type EmailTemplate = z.infer<typeof templateBody>;

export function templateMethods(api: Api): TemplateMethods {
  const path = '/smtp/templates';
  return {
    async newestTemplates({ limit, offset, ...options }) {
      const answer = z.looseObject({ templates: z.array(templateBody).nullish() });
      return (await api({ method: 'GET', path, query: { limit, offset, sort: 'desc' }, answer, ...options })).templates ?? [];
    },

    template: (id, options) =>
      absentAsUndefined(api({ method: 'GET', path: `${path}/{id}`, params: { id }, answer: templateBody, ...options })),

    createTemplate: (template, options) =>
      api({
        method: 'POST',
        path,
        body: { ...bodyOf(template), tag: template.tag, isActive: false },
        repeatable: false,
        answer: z.looseObject({ id: z.number() }),
        ...options,
      }),

    async updateTemplate(id, template, options) {
      await api({ method: 'PUT', path: `${path}/{id}`, params: { id }, body: bodyOf(template), answer: z.unknown(), ...options });
    },
  };
}

function bodyOf({ name, subject, sender, htmlContent }: TemplateContent) {
  return { templateName: name, subject, sender: { id: sender.id }, htmlContent };
}
